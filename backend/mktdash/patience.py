"""How long to wait for somebody else's answer, where the time in which this process could not look does not count."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_LOOKS = 5


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """End what is awaited inside after so many seconds, of which a standstill of this process takes a fifth at most.

    ``asyncio.timeout`` holds against the other side what was our own standstill: the loop was busy, or the machine was
    asleep, the answer has long arrived, and the timer is looked at first. Here a timer only counts looks, and between
    two of them the loop reads what has arrived.

    Raises:
        TimeoutError: no answer in that time.
    """
    loop = asyncio.get_running_loop()
    left = _LOOKS
    next_look: asyncio.TimerHandle
    async with asyncio.timeout(None) as limit:

        def look() -> None:
            nonlocal left, next_look
            left -= 1
            if left == 0:
                limit.reschedule(loop.time())
            else:
                next_look = loop.call_later(seconds / _LOOKS, look)

        next_look = loop.call_later(seconds / _LOOKS, look)
        try:
            yield
        finally:
            next_look.cancel()
