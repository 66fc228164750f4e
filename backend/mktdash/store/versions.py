"""The versions of topics: what a reader saw is current as long as they are the same. The database moves them itself.

Topics, moved by triggers in the transaction of the change, so that no writer can forget:

- ``catalogue``: instruments, aliases, series, and what datasets are
- ``data:KEY``: a dataset's version, which grows with its data
- ``about:KEY``: when a dataset's source was last asked, and its trouble
- ``quality:KEY``: verdicts and alerts on a dataset
- ``reports``: report runs and their files
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.store.fetch import fetch_all

CATALOGUE = "catalogue"
REPORTS = "reports"

Versions = Mapping[str, int]

_ALL = "SELECT topic, version FROM topic_version"
_SECONDS_TO_READ = 5.0


def data(dataset: str) -> str:
    """The topic of a dataset's observations."""
    return f"data:{dataset}"


def about(dataset: str) -> str:
    """The topic of a dataset's dealings with its source."""
    return f"about:{dataset}"


def quality(dataset: str) -> str:
    """The topic of a dataset's verdicts."""
    return f"quality:{dataset}"


async def read_versions(conn: AsyncConnection) -> Versions:
    """The versions as this transaction sees them: those of whatever else it reads."""
    return dict(map(tuple, await fetch_all(conn, _ALL)))


class VersionWatch:
    """The versions as they are now. One read serves all who asked before it was sent, so each costs next to nothing.

    It holds one connection, from the first question until :meth:`aclose`; each read is a transaction of its own.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._conn: AsyncConnection | None = None
        self._driver: Any = None
        self._postgres = engine.dialect.name == "postgresql"
        self._waiting: list[asyncio.Future[Versions]] = []
        self._task: asyncio.Task[None] | None = None
        self._last: Versions = {}
        self.reads = 0

    async def now(self) -> Versions:
        """The versions of a read that began after this call; the very same object while they stay the same.

        Raises:
            Exception: whatever the database says when it can't be read.
        """
        asked: asyncio.Future[Versions] = asyncio.get_running_loop().create_future()
        self._waiting.append(asked)
        if self._task is None:
            self._task = asyncio.create_task(self._serve(), name="versions")
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
                    async with asyncio.timeout(_SECONDS_TO_READ):
                        found = await self._read()
                except Exception as error:  # noqa: BLE001 - whoever asked gets it
                    await self._drop()
                    for one in asked:
                        if not one.done():
                            one.set_exception(error)
                else:
                    for one in asked:
                        if not one.done():
                            one.set_result(found)
        finally:
            self._task = None
            for one in self._waiting:
                one.cancel()

    async def _read(self) -> Versions:
        self.reads += 1
        if self._driver is None:
            await self._open()
        if self._postgres:
            rows = await self._driver.fetch(_ALL)
        else:
            rows = await self._driver.execute_fetchall(_ALL)
        found = {row[0]: row[1] for row in rows}
        if found != self._last:
            self._last = found
        return self._last

    async def _open(self) -> None:
        conn = await self._engine.connect()
        if self._postgres:
            await conn.execution_options(isolation_level="AUTOCOMMIT")
        self._conn = conn
        raw = await conn.get_raw_connection()
        # The driver itself is asked, so that no transaction is ever open: each read sees what was committed before it.
        self._driver = raw.driver_connection

    async def _drop(self) -> None:
        conn, self._conn, self._driver = self._conn, None, None
        if conn is not None:
            with suppress(Exception):
                await conn.invalidate()
                await conn.close()
