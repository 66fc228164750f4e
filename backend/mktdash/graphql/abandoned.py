"""Ends the work on an answer when nobody waits for it any more."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")


async def while_heard(receive: Receive, work: Awaitable[T]) -> T:
    """What the work gives, while the client of a request whose body was read is there.

    Raises:
        ClientDisconnect: it has gone away; the work was cancelled.
    """
    worker = asyncio.current_task()
    assert worker is not None  # noqa: S101 - a server answers each request in a task

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        worker.cancel()

    watcher = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if not watcher.done() or worker.uncancel():
            raise
        raise ClientDisconnect from None
    finally:
        watcher.cancel()
