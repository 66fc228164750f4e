"""Work that a cancellation must not cut short, since nothing else would clean up after it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def uncancelled(work: Coroutine[Any, Any, T]) -> T:
    """Await work to its end, however often this task is cancelled meanwhile; that is raised afterwards.

    Raises:
        asyncio.CancelledError: this task was cancelled; the work is done.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            # Looked at, so that the loop does not complain of it.
            task.exception()
        raise cancelled
    return task.result()
