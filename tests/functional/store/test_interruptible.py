"""A SQLite statement whose reader has gone ends, whenever in its life the reader went."""

import asyncio
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from mktdash.store.engine.interruptible import connect

pytestmark = pytest.mark.both_loops

# It would count for longer than any test waits.
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT count(*) FROM n"


@pytest.fixture
async def connection():
    async with connect(":memory:") as opened:
        yield opened


async def cancelled(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def answers(connection):
    async with asyncio.timeout(60):
        cursor = await connection.execute("SELECT 7")
        assert await cursor.fetchone() == (7,)


@pytest.mark.parametrize("interrupted", [False, True])
@pytest.mark.parametrize("ended_by", ["close", "stop"])
async def test_a_connection_that_is_closed_holds_no_lock_though_a_statement_was_read_in_part(
    tmp_path, ended_by, interrupted
):
    path = tmp_path / "some.db"
    connection = await connect(str(path), isolation_level=None)
    await connection.execute("CREATE TABLE t (a)")
    await connection.execute("BEGIN IMMEDIATE")
    # Kept, as a traceback keeps it.
    cursor = await connection.execute("INSERT INTO t VALUES (1), (2) RETURNING a")
    await cursor.fetchone()
    if interrupted:
        await connection.interrupt()

    await getattr(connection, ended_by)()

    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
        other.execute("ROLLBACK")
    del cursor


async def test_a_statement_given_up_in_the_queue_never_begins(connection):
    release = threading.Event()
    begun = []
    await connection.create_function("wait", 0, release.wait)
    await connection.create_function("begin", 0, lambda: begun.append(1))
    before = asyncio.create_task(connection.execute_fetchall("SELECT wait()"))
    waiting = asyncio.create_task(connection.execute_fetchall("SELECT begin()"))
    await asyncio.sleep(0)

    await cancelled(waiting)
    release.set()
    # Interrupted too, maybe: a connection has one user at a time.
    await asyncio.gather(before, return_exceptions=True)

    await answers(connection)
    assert begun == []


async def test_a_statement_given_up_between_its_call_and_its_first_step_ends(connection):
    called, release = threading.Event(), threading.Event()

    class Late:
        """Parameters that are not there at once."""

        def __len__(self):
            return 1

        def __getitem__(self, index):
            called.set()
            release.wait()
            return 2_000_000_000

    task = asyncio.create_task(connection.execute_fetchall(ENDLESS.replace("2000000000", "?"), Late()))
    await asyncio.to_thread(called.wait)

    await cancelled(task)
    release.set()

    await answers(connection)


async def test_a_statement_given_up_while_it_runs_ends(connection):
    task = asyncio.create_task(connection.execute_fetchall(ENDLESS))
    await asyncio.sleep(0)

    await cancelled(task)

    await answers(connection)


async def test_a_commit_whose_asker_went_away_is_carried_out(connection):
    release = threading.Event()
    await connection.execute("CREATE TABLE kept (n)")
    await connection.execute("INSERT INTO kept VALUES (1)")
    await connection.create_function("wait", 0, release.wait)
    before = asyncio.create_task(connection.execute_fetchall("SELECT wait()"))
    task = asyncio.create_task(connection.commit())
    await asyncio.sleep(0)

    await cancelled(task)
    release.set()
    await before

    async with asyncio.timeout(60):
        await connection.rollback()
        assert await connection.execute_fetchall("SELECT n FROM kept") == [(1,)]


async def test_the_error_of_a_statement_reaches_who_waits_for_it(connection):
    with pytest.raises(sqlite3.OperationalError, match="no such table: none"):
        await connection.execute("SELECT * FROM none")


def test_a_connection_that_could_not_be_opened_ends_its_thread_before_its_loop(monkeypatch, tmp_path):
    complaints = []
    monkeypatch.setattr(threading, "excepthook", lambda complaint: complaints.append(complaint.exc_value))
    connection = connect(str(tmp_path / "nowhere" / "mktdash.db"))
    # What is late here is inside of the driver, where nobody is asked.
    queue, thread, taken = connection._tx, connection._thread, []  # noqa: SLF001

    class Late:
        put_nowait = queue.put_nowait

        def get(self):
            taken.append(queue.get())
            if len(taken) == 2:
                # The end of the thread: a program that gives up now would be through with its loop before it.
                time.sleep(0.3)
            return taken[-1]

    late = Late()
    monkeypatch.setattr(connection, "_tx", late)
    monkeypatch.setattr(thread, "_args", (late,))

    async def opened():
        await connection

    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        asyncio.run(opened())
    thread.join()

    assert complaints == []
