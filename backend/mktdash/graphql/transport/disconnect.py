"""Ends the work on an answer when nobody waits for it any more."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")
# Most answers are there before anybody could have gone away; a task to watch over each would cost more than it saves.
_SECONDS_UNWATCHED = 0.01


async def while_connected(receive: Receive, work: Awaitable[T]) -> T:
    """What the work gives, while the client of a request whose body was read is there.

    Raises:
        ClientDisconnect: it has gone away; the work was cancelled.
    """
    worker = asyncio.current_task()
    assert worker is not None  # noqa: S101 - a server answers each request in a task
    watcher: asyncio.Task[None] | None = None

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        worker.cancel()

    def begin() -> None:
        nonlocal watcher
        watcher = asyncio.create_task(watch())

    beginning = asyncio.get_running_loop().call_later(_SECONDS_UNWATCHED, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if watcher is None or not watcher.done() or worker.uncancel():
            raise
        raise ClientDisconnect from None
    finally:
        beginning.cancel()
        if watcher is not None:
            watcher.cancel()
