"""Work that is cancelled, in any await and more than once, leaves nothing open, and the next one reads the present.

Run it with MKTDASH_CANCEL_DEEP=1 to stop at each await of the long work too.
"""

import asyncio
import logging

import pytest
from tests.factories.cancelling import Manner, each_await, walked
from tests.factories.leftovers import Complaints, Leftovers, Outside
from tests.factories.provider import ScriptedProvider, scripted

from mktdash.domain.clock import system_clock
from mktdash.ingest.pipeline import ingest_payload
from mktdash.store import lending
from mktdash.store.fetch import fetch_all
from mktdash.store.session import read_transaction, write_transaction

pytestmark = pytest.mark.parametrize("manner", Manner, ids=lambda one: one.value.replace(" ", "-"))


@pytest.fixture
async def left(engine):
    """What looks for leftovers in a store with some observations; awaits are counted meanwhile."""
    for n in range(2):
        payload = scripted({"AAA": {0: 10.0 + n, 1: 11.0}, "BBB": {0: 1.0}}, system_clock())
        await ingest_payload(engine, ScriptedProvider(), payload, clock=system_clock, run_id="t", code_sha="t")
    outside = Outside(engine)
    await outside.open()
    found = Leftovers(outside, engine)
    complaints = Complaints(found.said)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: found.said.append(str(context)))
    logging.getLogger("sqlalchemy").addHandler(complaints)
    with walked():
        yield found
    logging.getLogger("sqlalchemy").removeHandler(complaints)
    await outside.close()


async def test_a_read(left, manner):
    async def read():
        async with read_transaction(left.engine) as conn:
            await fetch_all(conn, "SELECT n FROM cancel_mark")
            await conn.exec_driver_sql("SELECT n FROM cancel_mark")

    async for _ in each_await(read, manner, left.look):
        pass


async def test_a_write(left, manner):
    async def write():
        async with write_transaction(left.engine) as conn:
            await fetch_all(conn, "SELECT n FROM cancel_mark")
            await conn.exec_driver_sql("INSERT INTO cancel_mark SELECT n FROM cancel_mark WHERE n < 0")

    async for _ in each_await(write, manner, left.look):
        pass


async def test_a_connection_being_opened(left, manner):
    async def look(after):
        await left.look(after)
        await left.engine.dispose()

    async def read():
        async with read_transaction(left.engine) as conn:
            await fetch_all(conn, "SELECT n FROM cancel_mark")

    await left.engine.dispose()
    async for _ in each_await(read, manner, look):
        pass


async def test_a_connection_being_asked_whether_it_is_still_there(left, manner, monkeypatch):
    monkeypatch.setattr(lending, "_SECONDS_OF_TRUST", -1.0)

    async def read():
        async with read_transaction(left.engine) as conn:
            await fetch_all(conn, "SELECT n FROM cancel_mark")

    async for _ in each_await(read, manner, left.look):
        pass
