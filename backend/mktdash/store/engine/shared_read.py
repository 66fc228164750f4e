"""One statement for all who ask before it is sent; whoever asks later is in the next, so each sees what was committed.

Nothing is kept from one statement to the next. One key must not be able to spoil the statement for the others: whoever
asks sees to it that keys are well formed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.deadline import deadline
from mktdash.uncancelled import uncancelled
from mktdash.web_times import USUAL

K = TypeVar("K")
V = TypeVar("V")


class SharedRead(Generic[K, V]):
    """Reads values by key, many questions at a time.

    It holds one connection, from the first question until :meth:`aclose`; each read is a transaction of its own.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        read: Callable[[Any, set[K]], Awaitable[Mapping[K, V]]],
        seconds_to_read: float = USUAL.shared_read,
    ) -> None:
        """``read`` asks the driver's own connection for the values of keys; those that have none are left out."""
        self._engine = engine
        self._read = read
        self._seconds_to_read = seconds_to_read
        self._conn: AsyncConnection | None = None
        self.driver: Any = None
        self._waiting: list[tuple[K, asyncio.Future[V | None]]] = []
        self._task: asyncio.Task[None] | None = None
        self.reads = 0

    async def of(self, key: K) -> V | None:
        """The value of a key by a read that began after this call.

        Raises:
            Exception: whatever the database says when it can't be read.
        """
        asked: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, asked))
        if self._task is None:
            self._task = asyncio.create_task(self._serve(), name="shared read")
        return await asked

    async def aclose(self) -> None:
        """Give the connection back."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._drop()

    async def _serve(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                try:
                    async with deadline(self._seconds_to_read):
                        found = await self.read({key for key, _ in asked})
                except Exception as error:  # noqa: BLE001 - whoever asked gets it
                    await self._drop()
                    for _, one in asked:
                        if not one.done():
                            one.set_exception(error)
                else:
                    for key, one in asked:
                        if not one.done():
                            one.set_result(found.get(key))
        finally:
            self._task = None
            for _, one in self._waiting:
                one.cancel()

    async def read(self, keys: set[K]) -> Mapping[K, V]:
        """The values of some keys by one read, now.

        Raises:
            Exception: as :meth:`of`.
        """
        self.reads += 1
        if self.driver is not None:
            try:
                return await self._read(self.driver, keys)
            except Exception:  # noqa: BLE001 - a connection that was held for long may be gone: a new one tells
                await self._drop()
        await self._open()
        return await self._read(self.driver, keys)

    async def _open(self) -> None:
        self._conn = conn = await self._engine.connect()
        if self._engine.dialect.name == "postgresql":
            await conn.execution_options(isolation_level="AUTOCOMMIT")
        raw = await conn.get_raw_connection()
        # The driver itself is asked, so that no transaction is ever open: each read sees what was committed before it.
        self.driver = raw.driver_connection

    async def _drop(self) -> None:
        conn, self._conn, self.driver = self._conn, None, None
        if conn is not None:
            with suppress(Exception):
                await uncancelled(_thrown_away(conn))


async def _thrown_away(conn: AsyncConnection) -> None:
    # Whatever it was in the middle of.
    await conn.invalidate()
    await conn.close()
