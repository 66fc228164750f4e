"""Whatever column changes, its topic moves: every column of every table is changed, by SQL, on both engines.

A new table or column fails here until its topic moves (a migration), or it is listed with the reason why no answer
that is kept can tell of it (which ``test_dependence.py`` proves).
"""

from typing import Any

import pytest
import sqlalchemy as sa

from mktdash.store.engine.session import write_transaction
from mktdash.store.tables import metadata

# Topics of the columns of a table, and of single columns where they move others.
TOPICS: dict[str, set[str]] = {
    "instrument": {"catalogue"},
    "instrument_alias": {"catalogue"},
    "series": {"catalogue"},
    "dataset": {"catalogue"},
    "dataset.version": {"data:d"},
    "dataset.known_at": {"data:d"},
    "dataset.checked_at": {"about:d"},
    "dataset.last_error": {"about:d"},
    "dataset.last_error_at": {"about:d"},
    "latest": {"data:d"},
    "observation_chunk": {"data:d"},
    "ingest_batch": {"about:d"},
    "ingest_batch.dataset": {"about:d", "about:dx"},
    "raw_file": {"raw"},
    "dq_result": {"quality:d"},
    "dq_result.dataset": {"quality:d", "quality:dx"},
    "dq_alert": {"quality:d"},
    "dq_alert.dataset": {"quality:d", "quality:dx"},
    "ended": {"quality:d"},
    "ended.dataset": {"quality:d", "quality:dx"},
    "job_run": {"reports"},
    "report_run": {"reports"},
    "report_artifact": {"reports"},
    "report_snapshot": {"reports"},
}
_WITH_LATEST = "written with `latest` in one transaction; a trigger for each row would cost more than the row"
# Tables and columns that no answer that is kept tells of.
NOT_READ = {
    "observation": _WITH_LATEST,
    "observation_revision": _WITH_LATEST,
    "latest.known_to": "moves with polls that bring nothing; only checks and what is missing look at it",
    "raw_file.stored": "how the bytes are kept",
    "raw_file.encoding": "how the bytes are kept",
    "raw_block": "the bytes themselves are given by HTTP alone",
    "quarantine": "only checks and what is missing look at it",
    "absence": "only checks and what is missing look at it",
    "dq_state": "what checks put verdicts together from",
    "run_event": "a subscription's alone",
    "event": "subscriptions' alone",
    "event_epoch": "subscriptions' alone",
    "worker_beat": "an answer with a heartbeat is never kept",
    "contract_version": "answers tell of those in the code",
    "api_token": "who asks is looked up anew each time",
    "browser_session": "who asks is looked up anew each time",
    "audit_event": "no answer tells of it",
    "topic_version": "the versions themselves",
}
COLUMNS = [column for table in metadata.sorted_tables for column in table.columns]


def expected(column):
    name = f"{column.table.name}.{column.name}"
    for key in (name, column.table.name):
        if key in NOT_READ:
            return set()
        if key in TOPICS:
            return TOPICS[key]
    return None


def first(column):
    """A value by kind: of text ``d``, of a number 1, so that rows refer to one another."""
    match column.type:
        case sa.JSON():
            return {"d": 1}
        case sa.Boolean():
            return True
        case sa.LargeBinary():
            return b"d"
        case sa.Integer():
            return 1
        case sa.Float():
            return 1.0
        case _:
            return "d"


def row_of(table):
    return {column.name: first(column) for column in table.columns}


def other(column):
    match first(column):
        case bool():
            return False
        case int() | float() as number:
            return number + 1_000_003
        case bytes():
            return b"dx"
        case dict():
            return {"d": 2}
        case _:
            return "dx"


@pytest.fixture
async def filled(engine):
    """A store whose tables each have one row, without the bonds between them."""
    async with write_transaction(engine) as conn:
        if engine.dialect.name == "postgresql":
            for table in metadata.sorted_tables:
                for key in await conn.run_sync(lambda sync, t=table: sa.inspect(sync).get_foreign_keys(t.name)):
                    await conn.exec_driver_sql(f'ALTER TABLE {table.name} DROP CONSTRAINT "{key["name"]}"')
        for table in metadata.sorted_tables:
            await conn.execute(sa.delete(table))
            await conn.execute(sa.insert(table).values(row_of(table)))
    return engine


async def moved_by(engine, statement, *, keep=False):
    """The topics that move with a statement, which is taken back if it is not to be kept."""
    async with write_transaction(engine, keep=keep) as conn:
        if engine.dialect.name == "sqlite":
            await conn.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        before = await _versions(conn)
        await conn.execute(statement)
        if engine.dialect.name == "postgresql":
            await conn.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        after = await _versions(conn)
    return {topic for topic, version in after.items() if version > before.get(topic, 0)}


async def _versions(conn) -> dict[str, Any]:
    return dict((await conn.exec_driver_sql("SELECT topic, version FROM topic_version")).all())


def test_every_column_is_known_here():
    unknown = {str(column) for column in COLUMNS if expected(column) is None}

    assert unknown == set()


def test_nothing_is_listed_that_there_is_not():
    there = {str(column) for column in COLUMNS} | {table.name for table in metadata.sorted_tables}

    assert TOPICS.keys() | NOT_READ.keys() <= there


async def test_whatever_column_changes_its_topic_moves(filled):
    found, wanted = {}, {}
    for column in COLUMNS:
        if column.table.name != "topic_version":
            wanted[str(column)] = expected(column)
            change = sa.update(column.table).values({column.name: other(column)})
            found[str(column)] = await moved_by(filled, change)

    assert found == wanted


async def test_whatever_row_comes_or_goes_its_topic_moves(filled):
    # Those of a series before it, so that its dataset is known; those that refer to others before them.
    tables = [table for table in reversed(metadata.sorted_tables) if table.name not in {"topic_version", "raw_file"}]
    tables.sort(key=lambda table: "series_id" not in table.columns)
    wanted = {table.name: TOPICS.get(table.name, set()) for table in tables}

    gone = {table.name: await moved_by(filled, sa.delete(table), keep=True) for table in tables}
    come = {
        table.name: await moved_by(filled, sa.insert(table).values(row_of(table)), keep=True)
        for table in reversed(tables)
    }

    assert gone == come == wanted


async def test_raw_bytes_move_their_topic_once_they_are_there(filled):
    files = metadata.tables["raw_file"]

    assert await moved_by(filled, sa.insert(files).values(sha256="e", size=1, stored=1, encoding="zstd")) == set()
    assert await moved_by(filled, sa.delete(files)) == {"raw"}
