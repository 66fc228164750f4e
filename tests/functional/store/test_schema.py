"""The migrations: up, down and up again on both engines; what PostgreSQL gets beside the tables."""

from datetime import UTC, datetime

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from mktdash.domain.errors import InvalidInputError
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.store.engine.schema import alembic_config, current, downgrade, head, upgrade
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction


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


async def test_each_step_can_be_taken_back_alone(engine):
    for revision in ("0006", "0005", "0004", "0003", "0002", "0001"):
        await downgrade(engine, revision)
        async with read_transaction(engine) as conn:
            assert await current(conn) == revision
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
        report = await ingest_payload(engine, CsvProvider(mapping), payload, clock=lambda: at, run_id="r", code_sha="c")
        assert (report.new + report.same, report.rejected) == (1, 0)
        await downgrade(engine, "0006")
        await upgrade(engine)
    async with read_transaction(engine) as conn:
        referring = "SELECT count(*) FROM absence JOIN series ON series.id = absence.series_id WHERE dataset = 'held'"
        assert (await conn.execute(text(referring))).scalar_one() == 1
        if engine.dialect.name == "sqlite":
            assert (await conn.execute(text("PRAGMA foreign_key_check"))).all() == []
