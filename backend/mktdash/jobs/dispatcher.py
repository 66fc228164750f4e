"""Offers queued rows to arq. The rows are the outbox: what Redis forgets is offered again, what it has not doubled."""

import asyncio
import logging

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.jobs.times import QueueTimes, micros
from mktdash.live.publish import WAKE_CHANNEL
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import run_lifecycle
from mktdash.store.jobs.runs import Run, due

TASK = "run"

_log = logging.getLogger(__name__)


async def dispatch_due(engine: AsyncEngine, arq: ArqRedis, clock: Clock, times: QueueTimes) -> int:
    """Offer arq every run that is due and was not offered, or a while ago and not claimed. Returns how many.

    Any number of dispatchers may do so at once: arq keeps one job of an id, and a run can be claimed once an epoch.
    """
    now = to_micros(clock())
    async with read_transaction(engine) as conn:
        runs = await due(conn, now=now, stale_before=now - micros(times.stale))
    for run in runs:
        await _offer(arq, run)
        async with write_transaction(engine) as conn:
            await run_lifecycle.mark_dispatched(conn, run, now)
    return len(runs)


async def _offer(arq: ArqRedis, run: Run) -> None:
    job_id = f"{run.id}:{run.epoch}"
    if run.dispatched_at is not None:
        # A worker killed between arq's pick and our claim leaves this mark, which would hide the job for an hour.
        # If it was no such worker, two take the job and one of them gets the row.
        await arq.delete(in_progress_key_prefix + job_id)
    await arq.enqueue_job(TASK, run.id, run.epoch, _job_id=job_id)


async def keep_dispatching(
    engine: AsyncEngine, arq: ArqRedis, clock: Clock, times: QueueTimes, wake: asyncio.Event
) -> None:
    """Dispatch on every wake-up and at least once a poll, for ever; outages are logged and waited out."""
    while True:
        wake.clear()
        try:
            await dispatch_due(engine, arq, clock, times)
        except (SQLAlchemyError, RedisError, OSError) as error:
            _log.warning("can't dispatch now: %s", type(error).__name__)
        try:
            async with asyncio.timeout(times.poll):
                await wake.wait()
        except TimeoutError:
            continue


async def keep_listening(redis: Redis, times: QueueTimes, wake: asyncio.Event) -> None:
    """Set ``wake`` whenever some process has queued a run, for ever. Without Redis the poll does it, slower."""
    while True:
        try:
            async with redis.pubsub() as channel:
                await channel.subscribe(WAKE_CHANNEL)
                wake.set()
                async for message in channel.listen():
                    if message["type"] == "message" and b'"queue"' in message["data"]:
                        wake.set()
        except (RedisError, OSError) as error:
            _log.info("no wake-ups from Redis: %s", type(error).__name__)
        await asyncio.sleep(times.poll)
