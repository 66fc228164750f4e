"""A stream that can be told to end, in the middle of waiting for its next item."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Stop(Generic[R]):
    """The word that a stream is to end, and why; None as long as it is not."""

    def __init__(self) -> None:
        self.reason: R | None = None
        self._said = asyncio.Event()

    def set(self, reason: R) -> None:
        """Say it."""
        self.reason = reason
        self._said.set()

    async def wait(self) -> None:
        """Return when it is said."""
        await self._said.wait()


async def until(stream: AsyncIterator[T], stop: Stop[R]) -> AsyncGenerator[T, None]:
    """The items of a stream up to its end, or until it is told to end: none comes after that. Close it."""
    stopped = asyncio.create_task(stop.wait())
    step: asyncio.Task[T] | None = None
    try:
        while not stopped.done():
            step = asyncio.create_task(_next(stream))
            await asyncio.wait({step, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                if step.done() and not step.cancelled():
                    # What came at the same time is nobody's any more, its errors neither.
                    step.exception()
                return
            try:
                item = step.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        unfinished = [task for task in (stopped, step) if task is not None and not task.done()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
        aclose = getattr(stream, "aclose", None)
        if aclose is not None:
            await aclose()


async def _next(stream: AsyncIterator[T]) -> T:
    return await anext(stream)
