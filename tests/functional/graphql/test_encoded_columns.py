"""Points joined from encoded pieces are the points read as columns, byte for byte, on both engines."""

from datetime import UTC, datetime

import numpy as np
import orjson
import pytest
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import DAY_0, ScriptedProvider, day

from mktdash.domain.flags import Flag
from mktdash.domain.observation import Columns
from mktdash.graphql.columns.encoded_chunks import COLUMNS, EncodedChunkCache
from mktdash.graphql.columns.points import PointsType, flag_counts, named_counts
from mktdash.graphql.vocabulary.bounded_cache import WeightedCache
from mktdash.graphql.vocabulary.json import encode
from mktdash.graphql.vocabulary.scalars import SCALARS, FlagsColumn, FloatColumn, InstantColumn, MillisColumn
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload
from mktdash.store.catalogue.series import series_by_symbol
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.series.compact import compact_series
from mktdash.store.series.reading import read_columns

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_KINDS = {"asOf": InstantColumn, "asOfMs": MillisColumn, "flags": FlagsColumn}
_NAMES = {"asOf": "as_of", "asOfMs": "as_of_ms"}


class Bars(ScriptedProvider):
    """Four years of bars: the first without any, some with holes, flags here and there, a few in the tail."""

    def parse(self, payload):
        with payload.open() as stream:
            first, last, shift = map(int, stream.read().split())
        n = np.arange(first, last)
        value = 100 + np.sin(n) + shift
        bars = {
            name: np.where((n < 200) | (n % hole == 0), np.nan, value + at)
            for at, (name, hole) in enumerate((("open", 3), ("high", 7), ("low", 1_000_000)))
        }
        flags = np.where(n % 11 == 0, int(Flag.LATE | Flag.OUTLIER), np.where(n % 50 == 0, int(Flag.STALE), 0))
        as_of = np.array([day(int(one)) for one in n], np.int64)
        yield Parsed([ParsedSeries("BARS", Columns(as_of=as_of, value=value, flags=flags.astype(np.int64), **bars))])


async def ingest_bars(engine, first, last, shift=0):
    payload = RawPayload("scripted-daily", f"{first} {last} {shift}".encode(), "test:bars", NOW, NOW)
    await ingest(engine, payload, Bars())


def plain(columns, fields):
    """The columns as they are sent when nothing is kept."""
    points = PointsType.from_columns(columns)
    return {
        name: None
        if (column := getattr(points, _NAMES.get(name, name))) is None
        else encode(SCALARS[_KINDS.get(name, FloatColumn)].serialize(column))
        for name in fields
    }


async def both(engine, cache, symbol, fields=COLUMNS, **window):
    """What the pieces say, having proved that the columns say the same."""
    async with read_transaction(engine) as conn:
        series = await series_by_symbol(conn, symbol)
        columns = await read_columns(conn, series, **window)
        points = await cache.read_points(conn, series, fields, **window)
    said = {name: None if one is None else orjson.dumps(one) for name, one in points.columns.items()}
    assert said == plain(columns, fields)
    assert points.n == len(columns)
    assert named_counts(points.masks) == flag_counts(columns)
    return said


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, None), (400, None), (None, 900), (366, 730), (367, 729), (500, 510), (505, 505), (5000, 6000), (-90, -80)],
)
async def test_pieces_equal_columns_whatever_the_window_cuts(engine, start, end):
    await ingest_bars(engine, 0, 1300)
    await ingest_bars(engine, 1300, 1310)
    cache = EncodedChunkCache()
    window = {"start": None if start is None else day(start), "end": None if end is None else day(end)}

    first = await both(engine, cache, "BARS", **window)
    made = cache.made
    again = await both(engine, cache, "BARS", **window)

    assert again == first
    assert cache.made == made


async def test_pieces_equal_columns_on_the_real_history(ecb_engine):
    cache = EncodedChunkCache()
    for symbol in ("EURUSD", "EURJPY", "EURHRK", "EURISK"):
        await both(ecb_engine, cache, symbol)
        await both(ecb_engine, cache, symbol, {"asOf", "value"}, start=int(DAY_0.timestamp() * 1e6))


async def test_a_changed_value_changes_one_piece_and_the_rest_stay(engine):
    await ingest_bars(engine, 0, 1300)
    cache = EncodedChunkCache()
    before = await both(engine, cache, "BARS")
    made = cache.made

    await ingest_bars(engine, 10, 12, shift=5)

    assert await both(engine, cache, "BARS") != before
    assert cache.made == made + 1


async def test_sealing_the_tail_changes_no_byte(engine):
    await ingest_bars(engine, 0, 1300)
    await ingest_bars(engine, 1300, 1320)
    cache = EncodedChunkCache()
    before = await both(engine, cache, "BARS")

    async with write_transaction(engine) as conn:
        await compact_series(conn, (await series_by_symbol(conn, "BARS")).id)

    assert await both(engine, cache, "BARS") == before


async def test_a_field_asked_later_joins_the_pieces_that_are_there(engine):
    await ingest_bars(engine, 0, 800)
    cache = EncodedChunkCache()

    await both(engine, cache, "BARS", {"value"})
    weight = cache.kept.weight
    await both(engine, cache, "BARS", {"asOf", "flags", "open"})
    made = cache.made
    await both(engine, cache, "BARS", {"value", "asOf", "open"})

    assert cache.made == made
    assert cache.kept.weight > weight


async def test_a_small_cache_forgets_and_still_answers_right(engine):
    await ingest_bars(engine, 0, 1300)
    cache = EncodedChunkCache(WeightedCache(300_000))

    for start in range(0, 1200, 7):
        await both(engine, cache, "BARS", start=day(start), end=day(start + 400))

    assert cache.kept.weight <= 300_000
