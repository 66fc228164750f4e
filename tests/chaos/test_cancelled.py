"""Work that is cancelled, in any await and more than once, leaves nothing open, and the next one reads the present.

Run it with MKTDASH_CANCEL_DEEP=1 to stop at each await of the long work too, in each manner.
"""

from tests.factories.cancelling import each_await

from mktdash.store.engine import clean_connections
from mktdash.store.engine.driver_reads import fetch_all
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.live.topic_versions import VersionWatch


async def test_a_read(left):
    async def read():
        async with read_transaction(left.engine) as conn:
            await fetch_all(conn, "SELECT n FROM cancel_mark")
            await conn.exec_driver_sql("SELECT n FROM cancel_mark")

    await each_await(read, left.look)


async def test_a_write(left):
    async def write():
        async with write_transaction(left.engine) as conn:
            await fetch_all(conn, "SELECT n FROM cancel_mark")
            await conn.exec_driver_sql("INSERT INTO cancel_mark SELECT n FROM cancel_mark WHERE n < 0")

    await each_await(write, left.look)


async def test_a_connection_being_opened(left):
    async def look(after):
        await left.look(after)
        await left.engine.dispose()

    async def read():
        async with read_transaction(left.engine) as conn:
            await fetch_all(conn, "SELECT n FROM cancel_mark")

    await left.engine.dispose()
    await each_await(read, look)


async def test_a_connection_being_asked_whether_it_is_still_there(left, monkeypatch):
    monkeypatch.setattr(clean_connections, "_SECONDS_OF_TRUST", -1.0)

    async def read():
        async with read_transaction(left.engine) as conn:
            await fetch_all(conn, "SELECT n FROM cancel_mark")

    await each_await(read, left.look)


async def test_a_read_for_many(left):
    async def read():
        watch = VersionWatch(left.engine)
        try:
            assert await watch.shared.read({None})
        finally:
            await watch.aclose()

    await each_await(read, left.look)
