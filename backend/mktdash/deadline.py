"""Deadlines for the answers of others, which a standstill of this process does not use up.

A plain timer holds against the other side what was our own standstill: the loop was busy, or the machine asleep, the
answer has long arrived, and the timer is looked at first. Here a timer only counts looks, and between two of them the
loop reads what has arrived.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_LOOKS = 5


class DeadlineTimer:
    """Calls back once after some seconds, of which a standstill of this process takes a fifth at most."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, then: Callable[[], object]) -> None:
        self._loop = loop
        self._step = seconds / _LOOKS
        self._then = then
        self._left = _LOOKS
        self._next = loop.call_later(self._step, self._look)

    def _look(self) -> None:
        self._left -= 1
        if self._left:
            self._next = self._loop.call_later(self._step, self._look)
        else:
            self._then()

    def cancel(self) -> None:
        """Never call back."""
        self._next.cancel()


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """End what is awaited inside after so many seconds, counted as :class:`DeadlineTimer` does.

    Raises:
        TimeoutError: no answer in that time.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        fuse = DeadlineTimer(loop, seconds, lambda: limit.reschedule(loop.time()))
        try:
            yield
        finally:
            fuse.cancel()
