"""``mktdash db check``: each kind of damage is named, where it is and how; what is whole is not accused."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted

from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.series.check import check_links, check_raw, check_series, series_ids

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "AAA|scripted-daily|index|1d|none"


@pytest.fixture
async def store(engine):
    """Two sealed years, a tail of one point, and a value that was revised twice."""
    for hour, said in enumerate([{n: float(n) for n in range(400)}, {5: 50.0}, {5: 51.0}, {401: 7.0}]):
        await ingest(engine, scripted({"AAA": said}, START + timedelta(hours=hour)), now=NOW)
    return engine


async def found(engine):
    async with read_transaction(engine) as conn:
        problems = [problem for one in await series_ids(conn) for problem in await check_series(conn, one)]
        problems += await check_links(conn)
        problems += [problem async for _, problem in check_raw(conn) if problem]
    return [f"{one.place}: {one.difference}" for one in problems]


async def test_what_is_whole_is_not_accused(store):
    assert await found(store) == []


DAMAGE = {
    "a row changed": ("UPDATE observation SET value = 99 WHERE as_of = {day3}", "chunk {key} 2020: holds 366 obs"),
    "a row gone": ("DELETE FROM observation WHERE as_of = {day3}", "chunk {key} 2020: holds 366 obs"),
    "a row's flag changed": ("UPDATE observation SET flags = 1 WHERE as_of = {day3}", "chunk {key} 2020: holds 366"),
    "a row's time changed": ("UPDATE observation SET known_at = 1 WHERE as_of = {day3}", "chunk {key} 2020: holds 366"),
    "a row of the tail changed": (
        "UPDATE observation SET value = 99 WHERE as_of = {day401}",
        "latest {key}: value is 7",
    ),
    "a chunk gone": ("DELETE FROM observation_chunk WHERE period = 2020", "chunk {key} 2020: is missing"),
    "a chunk in another year": (
        "UPDATE observation_chunk SET period = period - 100",
        "chunk {key} 1920: there are no rows for it",
    ),
    "a chunk's bytes cut": ("UPDATE observation_chunk SET payload = {cut} WHERE period = 2020", "chunk {key} 2020: "),
    "a chunk's digest changed": (
        "UPDATE observation_chunk SET digest = {other} WHERE period = 2020",
        "chunk {key} 2020: its bytes do not have its digest",
    ),
    "a chunk's count changed": ("UPDATE observation_chunk SET n = 1", "chunk {key} 2020: its count or last instant"),
    "the latest value changed": ("UPDATE latest SET value = 99", "latest {key}: value is 99.0, the rows say 7.0"),
    "the latest count changed": ("UPDATE latest SET n = 1", "latest {key}: n is 1, the rows say 401"),
    "the one before changed": ("UPDATE latest SET previous_value = 1", "latest {key}: previous_value is 1.0"),
    "the first instant changed": ("UPDATE latest SET first_as_of = 1", "latest {key}: first_as_of is 1"),
    "the tail gone": ("UPDATE latest SET tail = NULL", "latest {key}: tail is None"),
    "latest gone": ("DELETE FROM latest", "latest {key}: there are rows and no latest"),
    "a revision backwards": (
        "UPDATE observation_revision SET superseded_at = 1",
        "revision {key} 2020-01-06T00:00:00Z known 2024-01-01T00:00:00Z: ends before it begins",
    ),
    "revisions that overlap": (
        "UPDATE observation_revision SET superseded_at = superseded_at + 7200000000 WHERE value = 5",
        "revision {key} 2020-01-06T00:00:00Z known 2024-01-01T01:00:00Z: overlaps the one before it",
    ),
    "a raw file of another size": ("UPDATE raw_file SET size = 1", "raw "),
    "a raw block cut": ("UPDATE raw_block SET payload = {block}", "raw "),
    "a batch of no name": (
        "UPDATE observation SET batch_id = 999 WHERE as_of = {day3}",
        "observation of ingest_batch 999: 1 rows name one that is not there",
    ),
    "a series of no name": (
        "UPDATE observation_revision SET series_id = 999",
        "observation_revision of series 999: 2 rows name one that is not there",
    ),
    "a version gone back": ("UPDATE dataset SET version = 0", "dataset scripted-daily: has values, and version 0"),
    "a dataset's time gone back": ("UPDATE dataset SET known_at = 1", "dataset scripted-daily: was last changed 1970"),
    "a raw block gone": ("DELETE FROM raw_block", "raw "),
}


@pytest.mark.parametrize("kind", DAMAGE)
async def test_each_kind_of_damage_is_named(store, kind):
    statement, named = DAMAGE[kind]
    postgres = store.dialect.name == "postgresql"
    facts = {
        "key": KEY,
        "day3": 1_578_096_000_000_000,
        "day401": 1_612_483_200_000_000,
        "cut": "substr(payload, 1, 100)",
        "block": "substr(payload, 1, 20)",
        "other": "decode('00', 'hex')" if postgres else "x'00'",
    }
    async with write_transaction(store) as conn:
        done = await conn.execute(text(statement.format(**facts)))
        assert done.rowcount > 0
    problems = await found(store)
    assert any(problem.startswith(named.format(**facts)) for problem in problems), problems
