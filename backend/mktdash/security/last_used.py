"""Notes when tokens and sessions were last used, seldom enough that reading stays reading."""

import asyncio
import logging
import time
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.bounded_dict import BoundedDict
from mktdash.store.access.tokens import mark_used
from mktdash.store.engine.session import write_transaction
from mktdash.web_times import USUAL, WebTimes

_MOST_KNOWN = 10_000

_log = logging.getLogger(__name__)


class LastUsed:
    """What was used lately in this process. End it with :meth:`aclose`.

    Whoever asks all the time is noted once a minute, a few seconds late; of a process that is killed, not at all.
    """

    def __init__(self, engine: AsyncEngine, times: WebTimes = USUAL) -> None:
        self._engine = engine
        self._times = times
        self._noted: BoundedDict[str, float] = BoundedDict(_MOST_KNOWN)
        self._waiting: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, used_id: str, at: int) -> None:
        """A token or session was used at an instant (microseconds)."""
        now = time.monotonic()
        before = self._noted.get(used_id)
        if before is not None and now - before < self._times.use_noted:
            return
        self._noted[used_id] = now
        self._waiting[used_id] = at
        if self._task is None:
            self._task = asyncio.create_task(self._write(), name="token use")

    async def aclose(self) -> None:
        """Write nothing more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _write(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(self._times.use_gathered)
                waiting, self._waiting = self._waiting, {}
                for used_id, at in waiting.items():
                    async with write_transaction(self._engine) as conn:
                        await mark_used(conn, used_id, at)
        except Exception as error:  # noqa: BLE001 - nobody waits for it, and the next minute notes it again
            _log.warning("when tokens were last used could not be written: %s", type(error).__name__)
        finally:
            self._task = None
