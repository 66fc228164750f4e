"""A SQLite connection whose statements end with whoever waits for them.

The driver runs each statement on a thread of its own, which would go on, and hold the connection, after its reader has
gone away or run out of time.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import aiosqlite

_ROWS_AT_ONCE = 64


class InterruptibleConnection(aiosqlite.Connection):
    """aiosqlite's connection; a cancelled wait for a statement interrupts it in the database."""

    _told_to_stop = False

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]  # as aiosqlite has it
        except (asyncio.CancelledError, GeneratorExit):
            # A commit under way is let through: cut short it would be neither done nor undone for who asked for it.
            if self._connection is not None and getattr(fn, "__name__", "") not in {"commit", "rollback", "close"}:
                self._connection.interrupt()
            raise

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread, once.

        A task cancelled twice while SQLAlchemy terminates its connection stops it twice; the second wait would be for
        a thread already gone, and the process could never end.
        """
        if self._told_to_stop:
            return None
        self._told_to_stop = True
        future: asyncio.Future[Any] | None = super().stop()
        return future


def connect(database: str, **options: Any) -> InterruptibleConnection:
    """A connection to be awaited; ``options`` are those of ``sqlite3.connect``."""
    connection = InterruptibleConnection(partial(sqlite3.connect, database, **options), _ROWS_AT_ONCE)
    # A process that ends does not wait for its readers.
    connection._thread.daemon = True  # noqa: SLF001 - what SQLAlchemy does for the connections it opens itself
    return connection
