"""Cancels work at each of its awaits in turn: one run for each, until a run comes to its end unharmed.

Awaits of tasks that the work starts count too; it is always the work itself that is cancelled, as a server cancels a
request. What is left behind each time is for the caller to look at.
"""

import asyncio
import enum
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# All manners at every await, however many there are; else some of the awaits of long work.
DEEP = bool(os.environ.get("MKTDASH_CANCEL_DEEP"))
_SECONDS_TO_END = 60.0


class Manner(enum.Enum):
    """When the word comes, and whether it comes once."""

    AS_IT_WAITS = "as it waits"
    # What it waited for is there, and is never looked at: a connection that was opened, a lock that was taken.
    AS_IT_WOULD_GO_ON = "as it would go on"
    # As a cancel scope does, and a second signal: cleaning up is cut short too.
    AGAIN_AND_AGAIN = "again and again"


class Walk:
    """One run, cancelled at its n-th await."""

    def __init__(self, at: int, manner: Manner) -> None:
        self.at = at
        self.manner = manner
        self.seen = 0
        self.tasks: list[asyncio.Task[Any]] = []

    async def run(self, work: Coroutine[Any, Any, Any]) -> BaseException | None:
        """Run it; returns what it raised. All tasks that it started have ended then.

        Raises:
            AssertionError: one of them goes on.
        """
        token = _WALK.set(self)
        try:
            root = asyncio.get_running_loop().create_task(work, name="cancelled at an await")
        finally:
            _WALK.reset(token)
        await asyncio.wait([root])
        _, left = await asyncio.wait(self.tasks, timeout=_SECONDS_TO_END)
        assert not left, f"tasks that go on: {left}"
        return None if root.cancelled() else root.exception()

    @property
    def reached(self) -> bool:
        """Whether the await at which it was to be cancelled was there."""
        return self.seen >= self.at

    def suspended(self, waits_for: Any) -> None:
        """Told at each await of each of its tasks."""
        self.seen += 1
        root = self.tasks[0]
        if self.seen == self.at and self.manner is Manner.AS_IT_WOULD_GO_ON and hasattr(waits_for, "add_done_callback"):
            # Before the task's own, so that the word comes first.
            waits_for.add_done_callback(lambda _: root.cancel())
        elif self.seen == self.at or (self.seen > self.at and self.manner is Manner.AGAIN_AND_AGAIN):
            root.cancel()


_WALK: ContextVar[Walk | None] = ContextVar("walk", default=None)


class _Stepped:
    def __init__(self, work: Coroutine[Any, Any, Any], walk: Walk) -> None:
        self._work = work
        self._walk = walk

    def __await__(self) -> Generator[Any, Any, Any]:
        error: BaseException | None = None
        while True:
            try:
                waits_for = self._work.send(None) if error is None else self._work.throw(error)
            except StopIteration as end:
                return end.value
            self._walk.suspended(waits_for)
            try:
                yield waits_for
            except BaseException as thrown:  # noqa: BLE001 - whatever it is, it is the work's
                error = thrown
            else:
                error = None


async def _stepped(work: Coroutine[Any, Any, Any], walk: Walk) -> Any:
    return await _Stepped(work, walk)


@contextmanager
def walked() -> Generator[None]:
    """Have the loop count the awaits of tasks that are of a walk."""
    loop = asyncio.get_running_loop()

    def make(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        walk = _WALK.get()
        if walk is None:
            return asyncio.Task(work, loop=loop, **options)
        task = asyncio.Task(_stepped(work, walk), loop=loop, **options)
        walk.tasks.append(task)
        return task

    loop.set_task_factory(make)
    try:
        yield
    finally:
        loop.set_task_factory(None)


async def each_await(
    work: Callable[[], Coroutine[Any, Any, Any]], manner: Manner, look: Callable[[str], Awaitable[None]], step: int = 1
) -> AsyncIterator[BaseException | None]:
    """Run work anew for each ``step``-th of its awaits, cancelled there; looks after each; gives what each run raised.

    The last one is of the run that was not cancelled.
    """
    at = 1
    while True:
        walk = Walk(at, manner)
        raised = await walk.run(work())
        await look(f"cancelled at await {at}, {manner.value}")
        yield raised
        if not walk.reached:
            return
        at += 1 if DEEP else step
