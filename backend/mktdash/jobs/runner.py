"""Runs reports: takes the row, keeps its lease, builds the files, ends the row. Whatever arq does, the row decides."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random, SystemRandom

from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import MktdashError
from mktdash.jobs.concurrency import Gate
from mktdash.jobs.render_process import RendererCrashedError, render_apart
from mktdash.jobs.times import QueueTimes, micros, retry_at
from mktdash.live.publish import notify
from mktdash.reports.base import Render
from mktdash.reports.catalogue import template_by_name
from mktdash.reports.snapshot import store_snapshot, take_snapshot
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import run_queue
from mktdash.store.jobs.runs import RunRow, run_by_id

_BEFORE_RENDERING = 0.3
_WHILE_RENDERING = 0.65

_log = logging.getLogger(__name__)


class _LostError(Exception):
    """The run is not this worker's any more; what it has done so far is of no use."""


@dataclass
class Runner:
    """The reports that this process is running.

    ``render`` stands in for every template's own; it must be a module-level function, for it runs in another process.
    """

    engine: AsyncEngine
    redis: Redis | None
    clock: Clock
    code_sha: str
    worker: str
    capacity: int
    times: QueueTimes = field(default_factory=QueueTimes)
    render: Render | None = None
    chance: Random = field(default_factory=SystemRandom)

    def __post_init__(self) -> None:
        self._gate = Gate(self.capacity)
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._stopping = False

    @property
    def running(self) -> list[str]:
        """The ids of the runs in hand."""
        return sorted(run_id for run_id, _ in self._tasks)

    async def run(self, run_id: str, epoch: int) -> None:
        """Run one report to its end, if it is still to be had. Cancelling the caller does not stop it; ``stop`` does.

        Failures are written to the row and not raised.
        """
        if self._stopping:
            return
        key = (run_id, epoch)
        if key not in self._tasks:
            task = asyncio.create_task(self._run(run_id, epoch), name=f"report {run_id}:{epoch}")
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        await asyncio.shield(self._tasks[key])

    async def stop(self) -> None:
        """Give back at once what is running, so that another worker can have it."""
        self._stopping = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A run may have been claimed in the very moment of cancelling, too late to be held.
        with suppress(SQLAlchemyError, OSError):
            async with write_transaction(self.engine) as conn:
                for run in await run_queue.held_by(conn, self.worker):
                    await run_queue.give_back(conn, run, self._now())

    def _forget(self, key: tuple[str, int], done: asyncio.Task[None]) -> None:
        del self._tasks[key]
        # Who asked for it may have been cancelled since; the error is then seen here only.
        if not done.cancelled() and done.exception() is not None:
            _log.warning("report %s could not be taken: %s", key[0], type(done.exception()).__name__)

    async def _run(self, run_id: str, epoch: int) -> None:
        async with read_transaction(self.engine) as conn:
            seen = await run_by_id(conn, run_id)
        async with self._gate.enter(alone=seen.crashes > 0):
            run = await self._claim(run_id, epoch)
            if run is not None:
                await self._hold(run)

    async def _claim(self, run_id: str, epoch: int) -> RunRow | None:
        async with write_transaction(self.engine) as conn:
            run = await run_queue.claim(
                conn, run_id, epoch, worker=self.worker, now=self._now(), lease_until=self._lease()
            )
        if run is not None:
            await notify(self.redis, ["report"])
        return run

    async def _hold(self, run: RunRow) -> None:
        """Build a run under its lease, and write down how it ended."""
        build = asyncio.create_task(self._build(run), name=f"build {run.id}:{run.epoch}")
        lease = asyncio.create_task(self._keep_lease(run, build), name=f"lease {run.id}:{run.epoch}")
        try:
            await build
        except asyncio.CancelledError:
            build.cancel()
            await asyncio.gather(build, return_exceptions=True)
            if not self._stopping:
                _log.info("report %s is not ours any more: cancelled, or taken back", run.id)
                return
            await self._settle(run, lambda conn: run_queue.give_back(conn, run, self._now()))
        except _LostError:
            _log.info("report %s is not ours any more: cancelled, or taken back", run.id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the row must say so
            await self._fail(run, error)
        finally:
            lease.cancel()
            await asyncio.gather(lease, return_exceptions=True)

    async def _build(self, run: RunRow) -> None:
        template = template_by_name(run.template)
        parameters = template.parameters.model_validate(run.parameters)
        await self._tell(run, "snapshot", 0.05)
        # One view of the store for the snapshot and for what is read under its name.
        async with read_transaction(self.engine) as conn:
            snapshot = await take_snapshot(conn, await template.select(conn, parameters), self._now())
            await self._tell(run, "reading", 0.15)
            named = replace(run, snapshot_id=snapshot.id, snapshot_at=snapshot.taken_at, code_sha=self.code_sha)
            content = await template.build(conn, named, parameters, snapshot.facts)
        async with write_transaction(self.engine) as conn:
            await store_snapshot(conn, snapshot)
            noted = await run_queue.note_snapshot(
                conn,
                run,
                snapshot_id=snapshot.id,
                taken_at=snapshot.taken_at,
                facts=snapshot.facts,
                code_sha=self.code_sha,
            )
        if noted is None:
            raise _LostError

        async def on_stage(stage: str, share: float) -> None:
            await self._tell(run, stage, _BEFORE_RENDERING + share * _WHILE_RENDERING)

        files = await render_apart(self.render or template.render, content, on_stage, self.times.render)
        await self._tell(run, "storing", _BEFORE_RENDERING + _WHILE_RENDERING)
        async with write_transaction(self.engine) as conn:
            done = await run_queue.finish(conn, run, files, self._now())
        if not done:
            raise _LostError
        await notify(self.redis, ["report"])
        _log.info("report %s is done: %d files", run.id, len(files))

    async def _keep_lease(self, run: RunRow, build: asyncio.Task[None]) -> None:
        while True:
            await asyncio.sleep(self.times.heartbeat)
            try:
                async with write_transaction(self.engine) as conn:
                    held = await run_queue.heartbeat(conn, run, self._lease())
            except (SQLAlchemyError, OSError) as error:
                _log.warning("no heartbeat for report %s: %s", run.id, type(error).__name__)
                continue
            if not held:
                build.cancel()
                return

    async def _tell(self, run: RunRow, stage: str, share: float) -> None:
        async with write_transaction(self.engine) as conn:
            held = await run_queue.progress(
                conn, run, stage=stage, share=round(share, 3), now=self._now(), lease_until=self._lease()
            )
        if not held:
            raise _LostError
        await notify(self.redis, ["report"])

    async def _fail(self, run: RunRow, error: Exception) -> None:
        if isinstance(error, RendererCrashedError):
            again = retry_at(self.times, run.crashes + 1, self._now(), self.chance)
            _log.warning("report %s crashed its renderer: %s", run.id, error)
            await self._settle(
                run,
                lambda conn: run_queue.crashed(conn, run, now=self._now(), retry_at=again, message=error.message),
            )
            return
        code, message, retryable = verdict(error)
        if code == MktdashError.code:
            _log.error("report %s failed unexpectedly", run.id, exc_info=error)
        else:
            _log.warning("report %s failed: %s: %s", run.id, code, message)
        later = retry_at(self.times, run.attempts, self._now(), self.chance) if retryable else None
        await self._settle(
            run,
            lambda conn: run_queue.fail(conn, run, code=code, message=message, now=self._now(), retry_at=later),
        )

    async def _settle(self, run: RunRow, transition: Callable[[AsyncConnection], Awaitable[object]]) -> None:
        # If the database is away now, the lease runs out and the sweeper settles it.
        with suppress(SQLAlchemyError, OSError):
            async with write_transaction(self.engine) as conn:
                await transition(conn)
            await notify(self.redis, ["report", "queue"])
            return
        _log.warning("report %s could not be settled; its lease will run out", run.id)

    def _now(self) -> int:
        return to_micros(self.clock())

    def _lease(self) -> int:
        return self._now() + micros(self.times.lease)


def verdict(error: Exception) -> tuple[str, str, bool]:
    """What to write down of an error, and whether trying again may help: (code, message, retryable).

    The text of an unexpected error stays in the log: it may carry SQL or paths.
    """
    if isinstance(error, MktdashError):
        return error.code, error.message, error.retryable
    if isinstance(error, (DBAPIError, OSError, TimeoutError)):
        return "UNAVAILABLE", "the database did not answer", True
    return MktdashError.code, f"an unexpected {type(error).__name__}", True
