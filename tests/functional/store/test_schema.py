"""The migrations: up, down and up again on both engines; what PostgreSQL gets beside the tables."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from tests.factories.jobs.report_runs import end_report, request_report, run_events
from tests.factories.sources.ingesting import ingest

from mktdash.domain.clock import to_micros
from mktdash.domain.errors import InvalidInputError
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.store.catalogue.endings import end_dataset
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.schema import alembic_config, current, downgrade, head, upgrade
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction
from mktdash.store.jobs.replays import insert_replay, replay_by_id
from mktdash.store.jobs.reports import artifacts_by_run_ids, report_by_id
from mktdash.store.jobs.run_lifecycle import claim, progress
from mktdash.store.jobs.snapshots import DatasetState, SnapshotRow, insert_snapshot, snapshot_by_id
from mktdash.store.series.check import check_raw, check_series
from mktdash.store.series.reading import read_chunk_digests, snapshot_id
from mktdash.store.tables import metadata


async def test_the_schema_goes_down_and_up_again(engine):
    await downgrade(engine, "base")
    async with read_transaction(engine) as conn:
        assert await current(conn) is None
    await upgrade(engine)
    async with read_transaction(engine) as conn:
        assert await current(conn) == head()


def test_the_newest_revision_is_told_by_the_files_names():
    scripts = ScriptDirectory.from_config(alembic_config())

    assert scripts.get_heads() == [head()]
    assert all(script.path.rpartition("/")[2].startswith(f"{script.revision}_") for script in scripts.walk_revisions())


async def test_a_database_of_a_newer_version_is_left_alone_and_that_is_said(engine):
    async with write_transaction(engine) as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(InvalidInputError, match=r"has schema 9999 .* run the newer mktdash"):
        await upgrade(engine)

    async with read_transaction(engine) as conn:
        assert await current(conn) == "9999"


@pytest.mark.parametrize("step", [upgrade, downgrade])
async def test_a_revision_that_there_is_not_is_said(engine, step):
    with pytest.raises(InvalidInputError, match=r"can't be brought to 'nope': .*nope"):
        await step(engine, "nope")


async def triggers_and_indexes(engine):
    query = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'index')"
    if engine.dialect.name == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT indexname FROM pg_indexes"
    async with read_transaction(engine) as conn:
        return set((await conn.execute(text(query))).scalars())


async def test_each_step_can_be_taken_back_alone_and_loses_no_trigger(engine):
    revisions = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    for later, earlier in pairwise(revisions):
        before = await triggers_and_indexes(engine)
        await downgrade(engine, earlier)
        async with read_transaction(engine) as conn:
            assert await current(conn) == earlier
        await upgrade(engine, later)
        assert await triggers_and_indexes(engine) == before
        await downgrade(engine, earlier)
    await upgrade(engine)


@pytest.mark.postgres
async def test_postgresql_keeps_rows_as_was_measured_to_help(databases):
    engine = open_engine(await databases.make("postgres", "empty"))
    async with read_transaction(engine) as conn:
        options = {
            name: set(found or [])
            for name, found in (await conn.execute(text("SELECT relname, reloptions FROM pg_class"))).all()
        }
        storage = (
            "SELECT attstorage FROM pg_attribute WHERE attrelid = 'observation_chunk'::regclass AND attname = 'payload'"
        )
        index = "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_observation_as_of'"
        assert "fillfactor=50" in options["latest"]
        assert "autovacuum_vacuum_scale_factor=0.05" in options["observation_chunk"]
        assert (await conn.execute(text(storage))).scalar_one() in {"e", b"e"}
        assert "USING brin (as_of)" in (await conn.execute(text(index))).scalar_one()
    await engine.dispose()


async def test_series_keep_their_rows_and_what_refers_to_them_when_they_get_another_name(engine):
    mapping = CsvMapping.model_validate({"dataset": "held", "date": "Date", "symbol": "HELD", "value": "Close"})
    at = datetime(2024, 1, 9, tzinfo=UTC)
    payload = RawPayload("held", b"Date,Close\n2024-01-02,1\n2024-01-03,N/A\n", "file:held.csv", at, at)
    for _ in range(2):
        report = await ingest(engine, payload, CsvProvider(mapping))
        assert (report.new + report.same, report.rejected) == (1, 0)
        await downgrade(engine, "0006")
        await upgrade(engine)
    async with read_transaction(engine) as conn:
        referring = "SELECT count(*) FROM absence JOIN series ON series.id = absence.series_id WHERE dataset = 'held'"
        assert (await conn.execute(text(referring))).scalar_one() == 1
        if engine.dialect.name == "sqlite":
            assert (await conn.execute(text("PRAGMA foreign_key_check"))).all() == []


async def test_what_is_stored_survives_the_renaming_of_tables_and_columns(engine):
    at = datetime(2024, 1, 9, tzinfo=UTC)
    mapping = CsvMapping.model_validate({"dataset": "kept", "date": "Date", "symbol": "KEPT", "value": "Close"})
    body = b"Date,Close\n" + b"".join(b"2023-%02d-15,%d\n" % (n, n) for n in range(1, 13)) + b"2024-01-03,13\n"
    payload = RawPayload("kept", body, "file:kept.csv", at, at)
    await ingest(engine, payload, CsvProvider(mapping))
    async with write_transaction(engine) as conn:
        await end_dataset(conn, "kept", None, on=at.date(), reason="over", by="ops", now=to_micros(at))
        series = await series_of_dataset(conn, "kept")
        digests = tuple(await read_chunk_digests(conn, series))
        taken = SnapshotRow(snapshot_id(digests), to_micros(at), (DatasetState("kept", 1, to_micros(at)),), digests)
        await insert_snapshot(conn, taken)
        before = await everything(conn)

    await downgrade(engine, "0007")
    async with read_transaction(engine) as conn:
        old = (await conn.execute(text("SELECT count(bucket), min(said_at) FROM observation_chunk, latest"))).one()
        assert "leaves" in str((await conn.execute(text("SELECT contents FROM report_snapshot"))).scalar_one())
    await upgrade(engine)

    assert tuple(old) == (len(digests), to_micros(at))
    async with read_transaction(engine) as conn:
        assert await everything(conn) == before
        assert await snapshot_by_id(conn, taken.id) == taken
        assert [problem async for _, problem in check_raw(conn) if problem] == []
        assert await check_series(conn, series[0].id) == []
    # and the triggers of the renamed table still move its topic
    async with write_transaction(engine) as conn:
        await conn.execute(text("UPDATE raw_file SET size = size + 1"))
    async with read_transaction(engine) as conn:
        assert (await conn.execute(text("SELECT version FROM topic_version WHERE topic = 'raw'"))).scalar_one() == 1


async def everything(conn):
    """Every row of the renamed tables, by table."""
    names = ("observation_chunk", "latest", "ingest_batch", "ended", "raw_file", "raw_block", "report_snapshot")
    return {name: [tuple(row) for row in (await conn.execute(metadata.tables[name].select())).all()] for name in names}


async def test_runs_keep_their_rows_when_they_come_into_one_table_and_leave_it(engine):
    report, waiting = await request_report(engine, idempotency_key="k"), await request_report(engine)
    await end_report(engine, report)
    async with write_transaction(engine) as conn:
        asked = await insert_replay(conn, since=7, source="csv", requested_by="t", now=9)
        run = await claim(conn, asked.id, 0, worker="w", now=10, lease_until=11)
        assert await progress(conn, run, stage="a", share=0.5, now=10, lease_until=11, result=[{"dataset": "a"}])

    async def rows():
        async with read_transaction(engine) as conn:
            history = [len(await run_events(conn, one.id)) for one in (report, waiting)]
            files = (await artifacts_by_run_ids(conn, [report.id]))[report.id]
            replay = replace(await replay_by_id(conn, run.id), stage="any")
            return [await report_by_id(conn, one.id) for one in (report, waiting)], replay, history, files

    before = await rows()
    await downgrade(engine, "0008")
    async with read_transaction(engine) as conn:
        assert (await conn.execute(text("SELECT since, source, total FROM replay_run"))).all() == [(7, "csv", 2)]
    await upgrade(engine)
    assert await rows() == before
    if engine.dialect.name == "sqlite":
        async with read_transaction(engine) as conn:
            assert (await conn.execute(text("PRAGMA foreign_key_check"))).all() == []
