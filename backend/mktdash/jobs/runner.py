"""Runs jobs: claims the row, keeps its lease, does the work, ends the row. Whatever arq does, the row decides."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random, SystemRandom

from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import Clock
from mktdash.domain.errors import MktdashError
from mktdash.jobs.attempt import Attempt, LeaseLostError, Work, WorkCrashedError
from mktdash.jobs.concurrency import ConcurrencyLimit
from mktdash.jobs.times import QueueTimes, retry_at
from mktdash.live.publish import notify
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import run_lifecycle
from mktdash.store.jobs.runs import Run, held_by, run_by_id

_log = logging.getLogger(__name__)


@dataclass
class Runner:
    """The runs that this process is at; ``capacity`` is how many of a kind at a time."""

    engine: AsyncEngine
    redis: Redis | None
    clock: Clock
    code_sha: str
    worker: str
    capacity: int
    work: Mapping[str, Work]
    times: QueueTimes = field(default_factory=QueueTimes)
    chance: Random = field(default_factory=SystemRandom)

    def __post_init__(self) -> None:
        self._limits = {kind: ConcurrencyLimit(self.capacity) for kind in self.work}
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._stopping = False

    @property
    def running(self) -> list[str]:
        """The ids of the runs in hand."""
        return sorted(run_id for run_id, _ in self._tasks)

    async def run(self, run_id: str, epoch: int) -> None:
        """Run to its end, if the run is still to be had. Cancelling the caller does not stop it; ``stop`` does.

        Failures are written to the row and not raised.
        """
        if self._stopping:
            return
        key = (run_id, epoch)
        if key not in self._tasks:
            task = asyncio.create_task(self._run(run_id, epoch), name=f"run {run_id}:{epoch}")
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        await asyncio.shield(self._tasks[key])

    async def stop(self) -> None:
        """Release at once what is running, so that another worker can have it."""
        self._stopping = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A run may have been claimed in the very moment of cancelling, too late to be known here.
        with suppress(SQLAlchemyError, OSError):
            async with write_transaction(self.engine) as conn:
                for run in await held_by(conn, self.worker):
                    await run_lifecycle.release(conn, run, self._attempt(run).now)

    def _forget(self, key: tuple[str, int], done: asyncio.Task[None]) -> None:
        del self._tasks[key]
        # Who asked for it may have been cancelled since; the error is then seen here only.
        if not done.cancelled() and done.exception() is not None:
            _log.warning("run %s could not be claimed: %s", key[0], type(done.exception()).__name__)

    def _attempt(self, run: Run) -> Attempt:
        return Attempt(run, self.engine, self.redis, self.clock, self.code_sha, self.times)

    async def _run(self, run_id: str, epoch: int) -> None:
        async with read_transaction(self.engine) as conn:
            seen = await run_by_id(conn, run_id)
        if seen.kind not in self.work:
            _log.warning("run %s is left to a worker of another version: it is a %s", run_id, seen.kind)
            return
        async with self._limits[seen.kind].enter(alone=seen.crashes > 0):
            wanted = self._attempt(seen)
            async with write_transaction(self.engine) as conn:
                run = await run_lifecycle.claim(
                    conn, run_id, epoch, worker=self.worker, now=wanted.now, lease_until=wanted.lease_until
                )
            if run is not None:
                await notify(self.redis, [run.kind])
                await self._do(self._attempt(run))

    async def _do(self, attempt: Attempt) -> None:
        """Do the work of an attempt under its lease, and write down how it ended."""
        run = attempt.run
        name = f"{run.kind} {run.id}:{run.epoch}"
        work = asyncio.create_task(self._work(attempt), name=name)
        lease = asyncio.create_task(self._keep_lease(attempt, work), name=f"lease of {name}")
        try:
            await work
            _log.info("%s %s is done", run.kind, run.id)
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            if self._stopping:
                await self._settle(run, lambda conn: run_lifecycle.release(conn, run, attempt.now))
            else:
                _log.info("%s %s has lost its lease: cancelled, or taken back", run.kind, run.id)
        except LeaseLostError:
            _log.info("%s %s has lost its lease: cancelled, or taken back", run.kind, run.id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the row must say so
            await self._fail(attempt, error)
        finally:
            lease.cancel()
            await asyncio.gather(lease, return_exceptions=True)

    async def _work(self, attempt: Attempt) -> None:
        finish = await self.work[attempt.run.kind](attempt)
        async with write_transaction(self.engine) as conn:
            if not await finish(conn):
                raise LeaseLostError
        await notify(self.redis, [attempt.run.kind])

    async def _keep_lease(self, attempt: Attempt, work: asyncio.Task[None]) -> None:
        run = attempt.run
        while True:
            await asyncio.sleep(self.times.heartbeat)
            try:
                # On SQLite a transaction of the work may keep this waiting; nobody can take the run meanwhile either.
                async with write_transaction(self.engine) as conn:
                    held = await run_lifecycle.heartbeat(conn, run, attempt.lease_until)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("no heartbeat for %s %s: %s", run.kind, run.id, type(error).__name__)
                continue
            if not held:
                work.cancel()
                return

    async def _fail(self, attempt: Attempt, error: Exception) -> None:
        run, now = attempt.run, attempt.now
        if isinstance(error, WorkCrashedError):
            crash_retry, reason = retry_at(self.times, run.crashes + 1, now, self.chance), error.message
            _log.warning("%s %s crashed: %s", run.kind, run.id, reason)
            await self._settle(
                run, lambda conn: run_lifecycle.crash(conn, run, now=now, retry_at=crash_retry, message=reason)
            )
            return
        code, message, retryable = verdict(error)
        unexpected = error if code == MktdashError.code else None
        _log.warning("%s %s failed: %s: %s", run.kind, run.id, code, message, exc_info=unexpected)
        retry = retry_at(self.times, run.attempts, now, self.chance) if retryable else None
        await self._settle(
            run, lambda conn: run_lifecycle.fail(conn, run, code=code, message=message, now=now, retry_at=retry)
        )

    async def _settle(self, run: Run, transition: Callable[[AsyncConnection], Awaitable[object]]) -> None:
        # If the database is away now, the lease runs out and the sweeper settles it.
        with suppress(SQLAlchemyError, OSError):
            async with write_transaction(self.engine) as conn:
                await transition(conn)
            await notify(self.redis, [run.kind, "queue"])
            return
        _log.warning("%s %s could not be settled; its lease will run out", run.kind, run.id)


def verdict(error: Exception) -> tuple[str, str, bool]:
    """What to write down of an error, and whether trying again may help: (code, message, retryable).

    The text of an unexpected error stays in the log: it may carry SQL or paths.
    """
    if isinstance(error, MktdashError):
        return error.code, error.message, error.retryable
    if isinstance(error, (DBAPIError, OSError, TimeoutError)):
        return "UNAVAILABLE", "the database did not answer", True
    return MktdashError.code, f"an unexpected {type(error).__name__}", True
