"""One attempt at a run, as the work of a job sees it: what it may use, and how it says how far it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import MktdashError
from mktdash.jobs.times import QueueTimes, micros
from mktdash.live.publish import notify
from mktdash.store.engine.session import write_transaction
from mktdash.store.jobs import run_lifecycle
from mktdash.store.jobs.runs import Run

# What ends a run well in a transaction of its own; False where the lease is lost.
Finish = Callable[[AsyncConnection], Awaitable[bool]]
Work = Callable[["Attempt"], Awaitable[Finish]]


class LeaseLostError(Exception):
    """The run is not this worker's any more, and what the attempt has done is of no use."""


class WorkCrashedError(MktdashError):
    """The process that did the work of a run died: its worker, or the renderer that the worker had started."""

    code = "WORKER_CRASHED"
    retryable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run under the lease of this worker."""

    run: Run
    engine: AsyncEngine
    redis: Redis | None
    clock: Clock
    code_sha: str
    times: QueueTimes

    @property
    def now(self) -> int:
        """Microseconds UTC."""
        return to_micros(self.clock())

    @property
    def lease_until(self) -> int:
        """When a lease that is extended now runs out."""
        return self.now + micros(self.times.lease)

    async def progress(self, stage: str, share: float) -> None:
        """Say how far it is, from 0 to 1.

        Raises:
            LeaseLostError: the run was cancelled or taken back.
        """
        async with write_transaction(self.engine) as conn:
            await self.progress_in(conn, stage, share)
        await notify(self.redis, [self.run.kind])

    async def progress_in(
        self, conn: AsyncConnection, stage: str, share: float, result: list[dict[str, Any]] | None = None
    ) -> None:
        """The same, in a transaction of the work's own, with what is done for good once that commits.

        Raises:
            LeaseLostError: the run was cancelled or taken back: the transaction must not commit.
        """
        share, now, lease_until = round(share, 3), self.now, self.lease_until
        if not await run_lifecycle.progress(
            conn, self.run, stage=stage, share=share, now=now, lease_until=lease_until, result=result
        ):
            raise LeaseLostError

    async def finish(self, conn: AsyncConnection) -> bool:
        """End the run well, where it has made nothing that must be stored with that."""
        return await run_lifecycle.succeed(conn, self.run, self.now)
