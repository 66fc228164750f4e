"""Cancels work at each of its awaits in turn: one run for each, until a run comes to its end unharmed.

Awaits of tasks that the work starts count too; it is always the work itself that is cancelled, as a server cancels a
request. What is left behind each time is for the caller to look at.
"""

import asyncio
import enum
import os
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from traceback import format_exception
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
        self.root: asyncio.Task[Any] | None = None
        # Those that have not ended: what ended must not be kept here with all that its traceback holds.
        self.tasks: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, Any]) -> str | None:
        """Run it; returns what it raised, but for the cancellation. All tasks that it started have ended then.

        Raises:
            AssertionError: one of them goes on.
        """
        token = _WALK.set(self)
        try:
            self.root = asyncio.get_running_loop().create_task(work, name="cancelled at an await")
        finally:
            _WALK.reset(token)
        await asyncio.wait([self.root])
        error = None if self.root.cancelled() else self.root.exception()
        raised = None if error is None else "".join(format_exception(error))
        self.root = error = None
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_END):
                while self.tasks:  # noqa: ASYNC110 - some are made while others end
                    await asyncio.sleep(0.001)
        assert not self.tasks, f"tasks that go on: {self.tasks}"
        return raised

    @property
    def reached(self) -> bool:
        """Whether the await at which it was to be cancelled was there."""
        return self.seen >= self.at

    def suspended(self, waits_for: Any) -> None:
        """Told at each await of each of its tasks."""
        self.seen += 1
        root = self.root
        if root is None:
            return
        if self.seen == self.at and self.manner is Manner.AS_IT_WOULD_GO_ON and hasattr(waits_for, "add_done_callback"):
            # Before the task's own, so that the word comes first.
            waits_for.add_done_callback(lambda _: root.cancel())
        elif self.seen == self.at or (self.seen > self.at and self.manner is Manner.AGAIN_AND_AGAIN):
            root.cancel()


_WALK: ContextVar[Walk | None] = ContextVar("walk", default=None)


class _Stepped(Coroutine[Any, Any, Any]):
    """A coroutine that tells of each await."""

    def __init__(self, work: Coroutine[Any, Any, Any], walk: Walk) -> None:
        self._work = work
        self._walk = walk

    def send(self, value: Any) -> Any:
        return self._told(self._work.send(value))

    def throw(self, *error: Any) -> Any:
        return self._told(self._work.throw(*error))

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def _told(self, waits_for: Any) -> Any:
        self._walk.suspended(waits_for)
        return waits_for


@contextmanager
def walked() -> Generator[None]:
    """Have the loop count the awaits of tasks that are of a walk."""
    loop = asyncio.get_running_loop()

    def make(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        walk = _WALK.get()
        if walk is None:
            return asyncio.Task(work, loop=loop, **options)
        task = asyncio.Task(_Stepped(work, walk), loop=loop, **options)
        walk.tasks.add(task)
        task.add_done_callback(walk.tasks.discard)
        return task

    loop.set_task_factory(make)
    try:
        yield
    finally:
        loop.set_task_factory(None)


async def each_await(
    work: Callable[[], Coroutine[Any, Any, Any]], look: Callable[[str], Awaitable[None]], step: int = 1
) -> None:
    """Run work anew for each of its awaits in each manner, cancelled there, until it ends unharmed; look after each.

    With a ``step``, for each so-many-th await in one manner, which turns: enough for many works that share their way.

    Raises:
        AssertionError: something was left behind, or the work failed by its cancellation.
    """
    manners = list(Manner)
    whole = DEEP or step == 1
    for manner in manners if whole else manners[:1]:
        at, reached = 1, True
        while reached:
            walk = Walk(at, manner if whole else manners[at // step % len(manners)])
            raised = await walk.run(work())
            after = f"cancelled at await {at}, {walk.manner.value}"
            assert raised is None, f"{after}: {raised}"
            await look(after)
            reached = walk.reached
            at += 1 if DEEP else step
