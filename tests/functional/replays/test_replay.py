"""Replay from raw bytes: the same counts, exactly; a changed parser shows before it is applied."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, day, scripted

from mktdash.domain.clock import to_micros
from mktdash.ingest.replay import replay_from_raw
from mktdash.providers.base import Parsed
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.series.check import check_raw, check_series, series_ids
from mktdash.store.series.compact import compact_series
from mktdash.store.series.reading import read_chunk_digests, read_columns, snapshot_id
from mktdash.store.series.revisions import revisions_page

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HISTORY = [
    {"AAA": {1: 1.0, 2: 2.0}, "BBB": {1: 10.0}},
    {"AAA": {2: 2.5, 3: 3.0}},
    {"AAA": {2: 2.5}, "BBB": {1: 10.0, 2: 20.0}},
]


class DoublingProvider(ScriptedProvider):
    """The same source, read by a parser that got it wrong."""

    def parse(self, payload):
        for piece in super().parse(payload):
            for one in piece.series:
                one.columns.value[:] *= 2
            yield Parsed(piece.series)


async def ingest_history(engine):
    for hour, said in enumerate(HISTORY):
        await ingest(engine, scripted(said, START + timedelta(hours=hour)), now=NOW)


async def replayed(engine, provider, **options):
    since = to_micros(START - timedelta(days=1))
    reports = replay_from_raw(engine, lambda _batch: provider, since=since, clock=lambda: NOW, **options)
    return [report async for report in reports]


async def values(engine):
    async with read_transaction(engine) as conn:
        return {
            series.symbol: (await read_columns(conn, series)).value.tolist()
            for series in await series_of_dataset(conn, "scripted-daily")
        }


async def problems(engine):
    async with read_transaction(engine) as conn:
        found = [problem for one in await series_ids(conn) for problem in await check_series(conn, one)]
        return found + [problem async for _, problem in check_raw(conn) if problem]


async def test_a_replay_by_the_same_code_changes_nothing_however_often(engine):
    await ingest_history(engine)
    before = await values(engine)
    for _ in range(2):
        (report,) = await replayed(engine, ScriptedProvider())
        assert (report.batches, report.new, report.revised, report.retracted) == (3, 0, 0, 0)
        assert report.snapshot_before == report.snapshot_after
    assert await values(engine) == before == {"AAA": [1.0, 2.5, 3.0], "BBB": [10.0, 20.0]}
    assert await problems(engine) == []


async def test_a_dry_run_shows_what_a_changed_parser_would_do_and_leaves_the_store_alone(engine):
    await ingest_history(engine)
    before = await values(engine)
    (report,) = await replayed(engine, DoublingProvider(), dry_run=True)
    assert (report.revised, report.applied) == (5, False)
    assert await values(engine) == before
    (applied,) = await replayed(engine, DoublingProvider())
    assert (applied.revised, applied.applied) == (5, True)
    assert await values(engine) == {"AAA": [2.0, 5.0, 6.0], "BBB": [20.0, 40.0]}
    assert await problems(engine) == []


async def test_a_replay_from_the_middle_leaves_what_was_known_before_it(engine):
    await ingest_history(engine)
    since = to_micros(START + timedelta(minutes=30))
    reports = replay_from_raw(engine, lambda _batch: DoublingProvider(), since=since, clock=lambda: NOW)
    (report,) = [report async for report in reports]
    assert report.batches == 2
    assert await values(engine) == {"AAA": [1.0, 5.0, 6.0], "BBB": [20.0, 40.0]}


async def test_revisions_list_the_old_and_the_new_value(engine):
    await ingest_history(engine)
    async with read_transaction(engine) as conn:
        page = await revisions_page(conn, await series_ids(conn))
    assert [(one.as_of, one.old_value, one.new_value) for one in page.items] == [(day(2), 2.0, 2.5)]


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ("UPDATE observation_chunk SET payload = x'00' WHERE period = 2020", "chunk"),
        ("UPDATE latest SET value = 99.0", "latest"),
        ("UPDATE observation SET value = 99.0", "chunk"),
        ("DELETE FROM observation_chunk", "chunk"),
    ],
)
async def test_the_check_names_what_no_longer_agrees(sqlite_engine, damage, place):
    await ingest_history(sqlite_engine)
    async with write_transaction(sqlite_engine) as conn:
        await conn.exec_driver_sql(damage)
    found = await problems(sqlite_engine)
    assert found
    assert all(problem.place.startswith((place, "latest")) for problem in found)


async def test_compaction_rebuilds_the_same_digests(engine):
    await ingest_history(engine)
    async with read_transaction(engine) as conn:
        series = await series_of_dataset(conn, "scripted-daily")
        before = snapshot_id(await read_chunk_digests(conn, series))
    async with write_transaction(engine) as conn:
        for one in await series_ids(conn):
            _, equal = await compact_series(conn, one)
            assert equal
    async with read_transaction(engine) as conn:
        assert snapshot_id(await read_chunk_digests(conn, series)) == before
    assert await problems(engine) == []
