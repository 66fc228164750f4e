"""A SQLite connection whose statements end with whoever waits for them.

The driver runs each statement on a thread of its own, which would go on, and hold the connection, after its reader has
gone away or run out of time.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import aiosqlite

from mktdash.home_permissions import private_file

_ROWS_AT_ONCE = 64
_SECONDS_TO_NEXT_INTERRUPT = 0.01
_LET_THROUGH = frozenset({"commit", "rollback", "close"})


class _Closing(sqlite3.Connection):
    """Ends its statements when it is closed.

    SQLite closes a connection with a statement that was read in part only when that is gone too, and keeps the lock of
    its transaction until then; what a cancelled reader had begun may be kept alive by the traceback that ended it. A
    rollback would be of no use: while such a statement is there, an interrupt ends the next one too.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """A cursor, remembered for as long as somebody has it."""
        made = super().cursor(*args, **kwargs)
        self._cursors.add(made)
        return made

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Execute a statement by a cursor of its own; the base class would make one that is not remembered."""
        made: sqlite3.Cursor = self.cursor()
        return made.execute(sql, parameters)

    def close(self) -> None:
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


class _Call:
    """A call on the connection's thread, which can be given up before it began, while it runs, or when it is over.

    SQLite forgets an interrupt that finds no statement running, and a call waits in the driver's queue, then runs
    Python, before its statement does. So the interrupt is said again until the call is over.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        self._fn = fn
        self._lock = threading.Lock()
        self._given_up = False
        self._over = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            with self._lock:
                if self._given_up:
                    raise sqlite3.OperationalError("interrupted")
            return self._fn(*args, **kwargs)
        finally:
            with self._lock:
                self._over = True

    @property
    def over(self) -> bool:
        return self._over

    def give_up(self, connection: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        # Under the lock: an interrupt never meets the call that comes after this one.
        with self._lock:
            self._given_up = True
            if self._over:
                return
            connection.interrupt()
        if not loop.is_closed():
            loop.call_later(_SECONDS_TO_NEXT_INTERRUPT, self.give_up, connection, loop)


class InterruptibleConnection(aiosqlite.Connection):
    """aiosqlite's connection; a cancelled wait for a statement interrupts it in the database."""

    _stop_requested = False
    _stopped: asyncio.Future[Any] | None = None
    _last: _Call | None = None

    @property
    def is_at_rest(self) -> bool:
        """Whether it is outside any transaction, with no call waiting or under way."""
        return self._connection is not None and (self._last is None or self._last.over) and not self.in_transaction

    async def _connect(self) -> aiosqlite.Connection:
        try:
            return await super()._connect()
        except (Exception, asyncio.CancelledError):
            # The thread tells its end to this loop, which a program that gives up at once would have closed by then.
            if self._stopped is not None:
                await asyncio.shield(self._stopped)
            raise

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        call, loop = _Call(fn), asyncio.get_running_loop()
        self._last = call
        try:
            return await super()._execute(call, *args, **kwargs)  # type: ignore[no-untyped-call]  # as aiosqlite has it
        except (asyncio.CancelledError, GeneratorExit):
            # A commit under way is let through: cut short it would be neither done nor undone for who asked for it.
            if self._connection is not None and getattr(fn, "__name__", "") not in _LET_THROUGH:
                call.give_up(self._connection, loop)
            raise

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread, once.

        A task cancelled twice while SQLAlchemy terminates its connection stops it twice; the second wait would be for
        a thread already gone, and the process could never end.
        """
        if self._stop_requested:
            return None
        self._stop_requested = True
        self._stopped = super().stop()
        return self._stopped


def connect(database: str, **options: Any) -> InterruptibleConnection:
    """A connection to be awaited; ``options`` are those of ``sqlite3.connect``."""
    if database and not database.startswith((":", "file:")):
        # SQLite gives the files beside it the rights that this one has.
        private_file(Path(database))
    connector = partial(sqlite3.connect, database, factory=_Closing, **options)
    connection = InterruptibleConnection(connector, _ROWS_AT_ONCE)
    # A process that ends does not wait for its readers.
    connection._thread.daemon = True  # noqa: SLF001 - what SQLAlchemy does for the connections it opens itself
    return connection
