"""Versions move with every change that a reader could see, whoever makes it, on both engines."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import sqlalchemy as sa
from tests.factories.sources.ingesting import ingest

from mktdash.providers.base import RawPayload
from mktdash.store.catalogue.datasets import mark_checked
from mktdash.store.engine.session import write_transaction
from mktdash.store.engine.shared_read import SharedRead
from mktdash.store.live.topic_versions import VersionWatch
from mktdash.store.tables import metadata

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "scripted-daily"


async def ingest_body(engine, body):
    payload = RawPayload(KEY, body, "test:it", NOW, NOW)
    return await ingest(engine, payload)


async def versions(engine):
    watch = VersionWatch(engine)
    try:
        return dict(await watch.now())
    finally:
        await watch.aclose()


async def write(engine, *statements):
    async with write_transaction(engine) as conn:
        for statement in statements:
            await conn.execute(statement)


def moved(before, after):
    return {topic for topic in after if after[topic] != before.get(topic)}


async def test_data_and_catalogue_move_when_a_series_is_new_and_data_alone_when_it_grows(engine):
    start = await versions(engine)
    await ingest_body(engine, b'{"A": [[0, 1.0, 0]]}')
    first = await versions(engine)
    await ingest_body(engine, b'{"A": [[1, 2.0, 0]]}')
    second = await versions(engine)
    await ingest_body(engine, b'{"A": [[1, 2.0, 0]]}')

    assert moved(start, first) >= {"catalogue", f"data:{KEY}"}
    assert moved(first, second) & {"catalogue", f"data:{KEY}"} == {f"data:{KEY}"}
    assert f"data:{KEY}" not in moved(second, await versions(engine))


async def test_asking_a_source_is_told_apart_from_data(engine):
    await ingest_body(engine, b'{"A": [[0, 1.0, 0]]}')
    before = await versions(engine)

    async with write_transaction(engine) as conn:
        await mark_checked(conn, KEY, 5, "it hung up")

    assert moved(before, await versions(engine)) == {f"about:{KEY}"}


@pytest.mark.parametrize(
    ("table", "values", "change", "topic"),
    [
        ("instrument", {"symbol": "N", "name": "N", "asset_class": "index"}, {"name": "M"}, "catalogue"),
        ("report_snapshot", {"id": "s", "taken_at": 1, "contents": {}}, {"taken_at": 2}, "reports"),
        (
            "dq_alert",
            {
                "dataset": KEY,
                "metric": "m",
                "status": "FAIL",
                "worst": "FAIL",
                "summary": "",
                "opened_at": 1,
                "changed_at": 1,
            },
            {"muted_until": 9},
            f"quality:{KEY}",
        ),
    ],
)
async def test_rows_written_changed_and_deleted_each_move_their_topic_once_a_transaction(
    engine, table, values, change, topic
):
    await ingest_body(engine, b'{"A": [[0, 1.0, 0]]}')
    rows = metadata.tables[table]
    at = [await versions(engine)]

    for statement in (
        rows.insert().values(values),
        rows.update().values(change),
        rows.delete().where(rows.c.id.in_(sa.select(sa.func.max(rows.c.id)))),
    ):
        await write(engine, statement)
        at.append(await versions(engine))

    assert [moved(before, after) for before, after in pairwise(at)] == [{topic}] * 3


async def test_what_is_rolled_back_moves_nothing(engine):
    await ingest_body(engine, b'{"A": [[0, 1.0, 0]]}')
    before = await versions(engine)

    async with write_transaction(engine, keep=False) as conn:
        await conn.execute(metadata.tables["dataset"].update().values(version=99))

    assert await versions(engine) == before


async def test_writers_of_one_topic_do_not_wait_for_each_other_until_they_commit(engine):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time anyway")
    await ingest_body(engine, b'{"A": [[0, 1.0, 0]], "B": [[0, 1.0, 0]]}')
    rows = metadata.tables["instrument"]
    before = await versions(engine)

    async with asyncio.timeout(60), write_transaction(engine) as one, write_transaction(engine) as other:
        await one.execute(rows.update().where(rows.c.symbol == "A").values(name="1"))
        await other.execute(rows.update().where(rows.c.symbol == "B").values(name="2"))

    assert (await versions(engine))["catalogue"] == before["catalogue"] + 2


async def test_one_read_serves_all_who_asked_before_it_was_sent_and_none_who_asked_later(engine):
    watch = VersionWatch(engine)
    try:
        first = await watch.now()
        reads = watch.shared.reads

        same = await asyncio.gather(*(watch.now() for _ in range(50)))
        await ingest_body(engine, b'{"A": [[0, 1.0, 0]]}')
        later = await watch.now()

        assert watch.shared.reads == reads + 2
        assert all(one is first for one in same)
        assert later[f"data:{KEY}"] > first.get(f"data:{KEY}", 0)
    finally:
        await watch.aclose()


async def test_a_connection_that_was_lost_is_opened_anew(engine):
    watch = VersionWatch(engine)
    try:
        await watch.now()
        await watch.shared.driver.close()

        assert await watch.now() == await versions(engine)
    finally:
        await watch.aclose()


async def test_what_cannot_be_read_is_told_and_asked_again_by_the_next(engine):
    broken = True

    async def read(_driver, keys):
        if broken:
            raise ValueError("no")
        return {key: 2 * key for key in keys if key}

    shared = SharedRead(engine, read)
    try:
        told = await asyncio.gather(shared.of(1), shared.of(2), return_exceptions=True)
        broken = False

        assert [str(one) for one in told] == ["no", "no"]
        assert await asyncio.gather(shared.of(1), shared.of(0), shared.of(2)) == [2, None, 4]
    finally:
        await shared.aclose()


async def test_one_who_leaves_harms_none_of_those_who_asked_with_it(engine):
    async def read(_driver, keys):
        await asyncio.sleep(0)
        return {key: -key for key in keys}

    shared = SharedRead(engine, read)
    try:
        asked = [asyncio.create_task(shared.of(key)) for key in (1, 2, 3)]
        await asyncio.sleep(0)
        asked[1].cancel()
        found = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        await shared.aclose()

    assert (found[0], found[2], shared.reads) == (-1, -3, 1)
    assert isinstance(found[1], asyncio.CancelledError)
    assert engine.pool.checkedout() == 0
