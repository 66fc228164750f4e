"""Waiting for what has no event to wait for: another process, a database, the inside of a server."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

# Far beyond any standstill of a machine; whoever waits that long waits for what never comes.
GUARD_SECONDS = 300.0


async def wait_until(condition: Callable[[], Any]) -> Any:
    """What a condition gives as soon as it is true; it may be asynchronous.

    Raises:
        TimeoutError: it was not for five minutes.
    """
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            found = condition()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.01)
