"""What cancelled work may leave behind in a database, a pool of connections or a Redis, looked for from outside."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.store.engine.driver_reads import fetch_all
from mktdash.store.engine.session import read_transaction

_SECONDS = 60.0
_OTHERS = (
    "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)
_numbers = count(1)


async def until_none(condition: Callable[[], Awaitable[object]], what: str, after: str) -> None:
    """Wait until a look finds nothing; fails with what it found last."""
    try:
        async with asyncio.timeout(_SECONDS):
            while (found := await condition()) is not None:  # noqa: ASYNC110 - a server tells only when asked
                await asyncio.sleep(0.002)
    except TimeoutError:
        pytest.fail(f"{after}: {what}: {found}")


class Outside:
    """A connection of its own to the database of an engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._postgres: Any = None
        self._sqlite: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Connect, and make the table of the mark."""
        url = self.engine.url
        if self.engine.dialect.name == "postgresql":
            self._postgres = await asyncpg.connect(user=url.username, database=url.database, host=url.query["host"])
            await self._postgres.execute("CREATE TABLE cancel_mark (n integer); INSERT INTO cancel_mark VALUES (0)")
        else:
            self._sqlite = sqlite3.connect(str(url.database), isolation_level=None, timeout=0)
            self._sqlite.executescript("CREATE TABLE cancel_mark (n integer); INSERT INTO cancel_mark VALUES (0)")

    async def close(self) -> None:
        """Leave."""
        if self._postgres is not None:
            await self._postgres.close()
        if self._sqlite is not None:
            self._sqlite.close()

    async def open_views(self) -> object:
        """What transactions of the engine are open; None where none is."""
        if self._postgres is not None:
            rows = await self._postgres.fetch(
                f"SELECT state, left(query, 80) AS query FROM {_OTHERS} AND (xact_start IS NOT NULL OR state <> 'idle')"  # noqa: S608 - our own words
            )
            return [dict(row) for row in rows] or None
        assert self._sqlite is not None
        try:
            self._sqlite.execute("BEGIN IMMEDIATE")
            self._sqlite.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            return f"a writer: {error}"
        # A reader whose view is older than the log's end keeps it from being emptied.
        busy, _, _ = self._sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return "a reader" if busy else None

    async def strangers(self) -> object:
        """How many connections the server has that the pool does not know of; None where each is known."""
        if self._postgres is None:
            return None
        there = await self._postgres.fetchval(f"SELECT count(*) FROM {_OTHERS}")  # noqa: S608 - as above
        known = len(connections(self.engine))
        return None if there == known else f"{there} at the server, {known} of the pool"

    async def mark(self, after: str) -> int:
        """Write a new number, once no other writes."""
        n = next(_numbers)

        async def refused() -> object:
            assert self._sqlite is not None
            try:
                self._sqlite.execute("UPDATE cancel_mark SET n = ?", (n,))
            except sqlite3.OperationalError as error:
                return str(error)
            return None

        if self._postgres is not None:
            await self._postgres.execute("UPDATE cancel_mark SET n = $1", n)
        else:
            # Uses of tokens are written by and by, also between two looks.
            await until_none(refused, "a writer that does not end", after)
        return n


def connections(engine: AsyncEngine) -> list[Any]:
    """The open connections of an engine's pool: those that rest, and those that are lent."""
    pool: Any = engine.sync_engine.pool
    # No pool says what rests in it.
    queue = pool._pool._queue._queue  # noqa: SLF001
    resting = [record for record in queue if record.dbapi_connection is not None]
    return resting + [None] * pool.checkedout()


@dataclass
class Leftovers:
    """Looks after each cancellation; fails with what it found."""

    outside: Outside
    engine: AsyncEngine
    redis: Redis | None = None
    idle: int = 0
    redis_idle: int = 0
    said: list[str] = field(default_factory=list)

    async def settle(self, *, idle: int, redis_idle: int = 0) -> None:
        """Wait until so many connections to the database and to Redis are lent: what a process at rest holds."""
        self.idle = idle
        self.redis_idle = redis_idle
        await until_none(self._not_back, "connections at rest", "before")
        await until_none(self._redis_not_back, "connections to Redis at rest", "before")

    async def look(self, after: str) -> None:
        """Look for all there is."""
        await until_none(self._not_back, "connections that did not come back", after)
        await until_none(self.outside.open_views, "transactions that stay open", after)
        await until_none(self.outside.strangers, "connections that nobody has", after)
        await self._read_the_present(after)
        await until_none(self._redis_not_back, "connections to Redis that did not come back", after)
        if self.redis is not None:
            await self._hear_redis(after)
        assert not self.said, f"{after}: {self.said}"

    async def _not_back(self) -> object:
        out = self.engine.pool.checkedout()
        return None if out == self.idle else f"{out} lent, {self.idle} at rest"

    async def _read_the_present(self, after: str) -> None:
        truth = await self.outside.mark(after)
        readers = max(1, len(connections(self.engine)) - self.idle)
        together = asyncio.Barrier(readers)

        async def read() -> int:
            async with read_transaction(self.engine) as conn:
                ((n,),) = await fetch_all(conn, "SELECT n FROM cancel_mark")
                # So that each connection of the pool has its reader.
                await together.wait()
            return n

        seen = await asyncio.gather(*(read() for _ in range(readers)))
        assert set(seen) == {truth}, f"{after}: readers see the past: {seen}, {truth} is now"

    async def _redis_not_back(self) -> object:
        out = 0 if self.redis is None else len(self.redis.connection_pool._in_use_connections)  # noqa: SLF001 - likewise
        return None if out == self.redis_idle else f"{out} in use, {self.redis_idle} at rest"

    async def _hear_redis(self, after: str) -> None:
        pool: Any = self.redis.connection_pool
        resting = pool._available_connections  # noqa: SLF001 - likewise
        said = [f"{after} {n}".encode() for n in range(max(1, len(resting)))]
        heard = await asyncio.gather(*(self.redis.echo(one) for one in said))
        assert heard == said, f"{after}: Redis answers another's question: {heard}"


class Complaints(logging.Handler):
    """What the pool of connections and the loop complain of."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(f"{record.name}: {record.getMessage()} {record.exc_info}")
