"""Replays as jobs: takes the row, keeps its lease, replays one dataset after the other, ends the row.

What is done is written down in the transaction that did it: a worker may be killed at any point, and whoever takes the
run up again goes on behind the last dataset that was committed.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Any

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import MktdashError
from mktdash.domain.events import OBSERVATIONS
from mktdash.ingest.replay import ReplayReport, datasets_to_replay, replay_from_raw
from mktdash.jobs.runner import verdict
from mktdash.jobs.sweeper import between_sweeps
from mktdash.jobs.times import QueueTimes, micros, retry_at
from mktdash.live.publish import notify
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import replays
from mktdash.store.jobs.replays import ReplayRow
from mktdash.uncancelled import uncancelled

TASK = "run_replay"

_log = logging.getLogger(__name__)


class _LostError(Exception):
    """The run is not this worker's any more."""


@dataclass
class Replayer:
    """The replays that this process runs."""

    engine: AsyncEngine
    redis: Redis | None
    clock: Clock
    worker: str
    times: QueueTimes = field(default_factory=QueueTimes)
    chance: Random = field(default_factory=SystemRandom)

    async def run(self, run_id: str, epoch: int) -> None:
        """Run one replay to its end, if it is still to be had. Cancelled, it gives the run back.

        Failures are written to the row and not raised.
        """
        run = await self._claim(run_id, epoch)
        if run is None:
            return
        lease = asyncio.create_task(self._keep_lease(run), name=f"lease of replay {run_id}")
        try:
            await self._replay(run)
        except asyncio.CancelledError:
            # A worker that stops is cancelled more than once.
            await uncancelled(self._give_back(run))
            raise
        except _LostError:
            _log.info("replay %s is not ours any more", run.id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the row must say so
            await self._fail(run, error)
        finally:
            lease.cancel()
            await asyncio.gather(lease, return_exceptions=True)

    async def _claim(self, run_id: str, epoch: int) -> ReplayRow | None:
        async with read_transaction(self.engine) as conn:
            seen = await replays.replay_by_id(conn, run_id)
        total = len(await datasets_to_replay(self.engine, seen.source))
        async with write_transaction(self.engine) as conn:
            return await replays.claim(
                conn, run_id, epoch, worker=self.worker, total=total, now=self._now(), lease_until=self._lease()
            )

    async def _replay(self, run: ReplayRow) -> None:
        async def record(conn: AsyncConnection, report: ReplayReport) -> None:
            if await replays.note_dataset(conn, run, result_of(report), self._lease()) is None:
                raise _LostError

        reports = replay_from_raw(
            self.engine,
            since=run.since,
            clock=self.clock,
            source=run.source,
            skip=run.done,
            before_commit=record,
        )
        async for report in reports:
            _log.info("replay %s: %s is done", run.id, report.dataset)
            await notify(self.redis, [OBSERVATIONS])
        async with write_transaction(self.engine) as conn:
            await replays.finish(conn, run, self._now())

    async def _keep_lease(self, run: ReplayRow) -> None:
        while True:
            await asyncio.sleep(self.times.heartbeat)
            # On SQLite the replay's own transaction may keep this waiting; nobody can take the run meanwhile either.
            with suppress(SQLAlchemyError, OSError):
                async with write_transaction(self.engine) as conn:
                    await replays.heartbeat(conn, run, self._lease())

    async def _give_back(self, run: ReplayRow) -> None:
        with suppress(SQLAlchemyError, OSError):
            async with write_transaction(self.engine) as conn:
                await replays.give_back(conn, run, self._now())

    async def _fail(self, run: ReplayRow, error: Exception) -> None:
        code, message, retryable = verdict(error)
        _log.warning("replay %s failed: %s", run.id, code, exc_info=error if code == MktdashError.code else None)
        later = retry_at(self.times, run.attempts, self._now(), self.chance) if retryable else None
        with suppress(SQLAlchemyError, OSError):
            async with write_transaction(self.engine) as conn:
                await replays.fail(conn, run, code=code, message=message, now=self._now(), retry_at=later)

    def _now(self) -> int:
        return to_micros(self.clock())

    def _lease(self) -> int:
        return self._now() + micros(self.times.lease)


def result_of(report: ReplayReport) -> dict[str, Any]:
    """What a dataset's replay came to, as JSON values."""
    return {
        "dataset": report.dataset,
        "batches": report.batches,
        "observations": report.observations,
        "new": report.new,
        "revised": report.revised,
        "retracted": report.retracted,
        "snapshot_before": report.snapshot_before,
        "snapshot_after": report.snapshot_after,
    }


async def dispatch_replays(engine: AsyncEngine, arq: ArqRedis, clock: Clock, times: QueueTimes) -> int:
    """Tell arq of every replay that is due and untold, or was told a while ago and not taken. Returns how many."""
    now = to_micros(clock())
    async with read_transaction(engine) as conn:
        runs = await replays.due(conn, now=now, stale_before=now - micros(times.stale))
    for run in runs:
        job_id = f"replay:{run.id}:{run.epoch}"
        # A worker killed between arq's pick and our claim leaves this mark, which would hide the job for an hour.
        await arq.delete(in_progress_key_prefix + job_id)
        await arq.enqueue_job(TASK, run.id, run.epoch, _job_id=job_id)
        async with write_transaction(engine) as conn:
            await replays.mark_dispatched(conn, run, now)
    return len(runs)


async def keep_dispatching_replays(engine: AsyncEngine, arq: ArqRedis, clock: Clock, times: QueueTimes) -> None:
    """Look for due and for silent replays once a poll, for ever; outages are waited out."""
    while True:
        began = clock()
        try:
            await _sweep(engine, to_micros(began))
            await dispatch_replays(engine, arq, clock, times)
        except (SQLAlchemyError, RedisError, OSError) as error:
            _log.warning("can't dispatch replays now: %s", type(error).__name__)
        await between_sweeps(clock, times, times.poll, began)


async def _sweep(engine: AsyncEngine, now: int) -> None:
    async with read_transaction(engine) as conn:
        silent = await replays.expired(conn, now)
    if silent:
        async with write_transaction(engine) as conn:
            for run_id in await replays.take_back_expired(conn, now):
                _log.warning("replay %s was taken back from a silent worker", run_id)
