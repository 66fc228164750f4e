"""Real vintages, told in order and out of it: what was known at T is the newest vintage up to T, to the last value."""

import csv
import gzip
import io
import random
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest
from tests.factories.sources.ingesting import ingest

from mktdash.domain.clock import to_micros
from mktdash.domain.flags import Flag
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.series.reading import read_chunk_digests, read_columns, snapshot_id

VINTAGES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "vintages"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")

VIX = CsvMapping(
    dataset="vix-vintages",
    date="DATE",
    date_formats=("YYYY-MM-DD", "MM/DD/YYYY"),
    symbol="VIX",
    value="CLOSE",
    open="OPEN",
    high="HIGH",
    low="LOW",
    timezone="America/Chicago",
    fixing_time="15:15",
    unit="index",
    measure="index",
    asset_class="INDEX",
)
GAS = CsvMapping(
    dataset="henry-hub-vintages",
    date="Date",
    symbol="HENRY-HUB",
    value="Price",
    timezone="UTC",
    unit="USD",
    asset_class="COMMODITY",
)


def vintages(name):
    folder = VINTAGES / name
    if not folder.is_dir():
        pytest.skip(f"the recorded vintages are not here: {folder}")
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    for one in manifest["vintages"]:
        body = gzip.decompress((folder / one["file"]).read_bytes())
        yield datetime.fromisoformat(one["known_at"]), body


def content(body, mapping):
    """The file by Python's own csv reader: instant to (open, high, low, close) or (value,)."""
    names = [name for name in (mapping.open, mapping.high, mapping.low, mapping.value) if name]
    found = {}
    for row in csv.DictReader(io.StringIO(body.decode())):
        text = row[mapping.date]
        when = datetime.strptime(text, "%m/%d/%Y" if "/" in text else "%Y-%m-%d")  # noqa: DTZ007 - the zone is next
        hour, minute = map(int, mapping.fixing_time.split(":"))
        if row[mapping.value] not in mapping.missing:
            at = when.replace(hour=hour, minute=minute, tzinfo=ZoneInfo(mapping.timezone))
            found[to_micros(at)] = tuple(float(row[name]) for name in names)
    return found


async def ingest_vintages(engine, mapping, told):
    reports = []
    for known_at, body in told:
        payload = RawPayload(mapping.dataset, body, "file:vintage.csv", known_at, known_at)
        reports.append(
            await ingest(engine, payload, CsvProvider(mapping), now=NOW, run_id="vintages", replace_window=True)
        )
    return reports


async def as_known(engine, mapping, known_at):
    async with read_transaction(engine) as conn:
        (series,) = await series_of_dataset(conn, mapping.dataset)
        columns = await read_columns(conn, series, as_known_at=to_micros(known_at))
    fields = [columns.open, columns.high, columns.low, columns.value] if mapping.open else [columns.value]
    return dict(zip(columns.as_of.tolist(), zip(*(one.tolist() for one in fields), strict=True), strict=True)), columns


async def snapshot(engine, mapping):
    async with read_transaction(engine) as conn:
        return snapshot_id(await read_chunk_digests(conn, await series_of_dataset(conn, mapping.dataset)))


@pytest.mark.parametrize(("folder", "mapping"), [("cboe-vix-daily", VIX), ("eia-natural-gas-daily", GAS)])
async def test_each_vintage_reads_back_as_it_was_known(engine, folder, mapping):
    told = list(vintages(folder))
    await ingest_vintages(engine, mapping, told)
    for known_at, body in told:
        found, _ = await as_known(engine, mapping, known_at)
        assert found == content(body, mapping)


@pytest.mark.parametrize(("folder", "mapping"), [("cboe-vix-daily", VIX), ("eia-natural-gas-daily", GAS)])
async def test_arrival_out_of_order_ends_in_the_same_state(databases, folder, mapping):
    told = list(vintages(folder))
    shuffled = list(told)
    random.Random(7).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    ids = []
    for order in (told, shuffled, told[::-1]):
        engine = open_engine(await databases.make("sqlite", "empty"))
        await ingest_vintages(engine, mapping, order)
        for known_at, body in told[:: max(1, len(told) // 5)]:
            found, _ = await as_known(engine, mapping, known_at)
            assert found == content(body, mapping)
        ids.append(await snapshot(engine, mapping))
        await engine.dispose()
    assert len(set(ids)) == 1


@pytest.mark.parametrize(("folder", "mapping"), [("cboe-vix-daily", VIX), ("eia-natural-gas-daily", GAS)])
async def test_each_vintage_counts_what_changed_in_value_and_nothing_else(engine, folder, mapping):
    # Notations changed on the way: dates from MM/DD/YYYY to ISO on 2026-05-19, and 3.819999999999999840 to 3.82.
    told = list(vintages(folder))
    contents = [content(body, mapping) for _, body in told]
    reports = await ingest_vintages(engine, mapping, told)
    for before, after, report in zip([{}, *contents], contents, reports, strict=False):
        common = before.keys() & after.keys()
        revised = sum(before[at] != after[at] for at in common)
        counts = (len(after.keys() - common), revised, len(common) - revised, len(before.keys() - common))
        assert (report.new, report.revised, report.same, report.retracted) == counts
    if mapping is VIX:
        assert (reports[3].new, reports[3].revised, reports[3].retracted) == (0, 0, 0)


async def test_the_impossible_rows_of_august_2024_are_kept_and_flagged(engine):
    told = list(vintages("cboe-vix-daily"))
    reports = await ingest_vintages(engine, VIX, told[:2])
    before, after = content(told[0][1], VIX), content(told[1][1], VIX)
    changed = sorted(at for at in before if before[at] != after.get(at))
    assert (reports[1].revised, len(changed)) == (93, 93)
    _, columns = await as_known(engine, VIX, told[1][0])
    flagged = {
        at for at, mask in zip(columns.as_of.tolist(), columns.flags.tolist(), strict=True) if mask & Flag.OUTLIER
    }
    impossible = {at for at, (o, h, low, c) in after.items() if max(o, c) > h or min(o, c) < low}
    assert flagged == impossible
    assert impossible & set(changed)
