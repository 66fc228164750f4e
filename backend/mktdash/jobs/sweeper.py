"""Takes runs back from workers that died: their leases ran out and no heartbeat came."""

import asyncio
import logging
from datetime import datetime
from random import Random

from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.jobs.times import QueueTimes, retry_at
from mktdash.live.publish import notify
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import run_lifecycle
from mktdash.store.jobs.runs import Run, expired

# A sweeper that is always late sweeps all the same.
_MOST_GRACES = 5

_log = logging.getLogger(__name__)


async def sweep(engine: AsyncEngine, redis: Redis | None, at: datetime, times: QueueTimes, chance: Random) -> list[Run]:
    """Take back every run whose lease has run out; any number of sweepers may do so at once. Returns what was taken."""
    now = to_micros(at)
    async with read_transaction(engine) as conn:
        silent = await expired(conn, now)
    taken = []
    for run in silent:
        # The first time nothing speaks against the run itself, and people have waited a whole lease already.
        again = now if run.crashes == 0 else retry_at(times, run.crashes, now, chance)
        reason = f"no heartbeat from {run.worker}: its lease ran out"
        async with write_transaction(engine) as conn:
            changed = await run_lifecycle.crash(conn, run, now=now, retry_at=again, message=reason, silent=True)
        if changed is not None:
            _log.warning("%s %s was taken back from %s: %s", run.kind, run.id, run.worker, changed.state)
            taken.append(changed)
    if taken:
        await notify(redis, [*(run.kind for run in taken), "queue"])
    return taken


async def keep_sweeping(
    engine: AsyncEngine, redis: Redis | None, clock: Clock, times: QueueTimes, chance: Random
) -> None:
    """Sweep for ever; a database that is away is waited out."""
    while True:
        began = clock()
        try:
            await sweep(engine, redis, began, times, chance)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("can't look for expired leases now: %s", type(error).__name__)
        await _between_sweeps(clock, times, began)


async def _between_sweeps(clock: Clock, times: QueueTimes, since: datetime) -> None:
    """Sleep until the next sweep, and longer where time jumped since the last one began.

    The machine was asleep, or its clock was set. Leases that seem to have run out then say nothing of their workers,
    which stood still as this one did: they get two heartbeats to prolong them before anybody takes their runs, and two
    more where time jumped again meanwhile.
    """
    seconds = times.sweep
    for _ in range(_MOST_GRACES):
        await asyncio.sleep(seconds)
        late = (clock() - since).total_seconds() - seconds
        if late <= times.heartbeat:
            return
        _log.warning("leases were last looked at %.0f s late: two heartbeats before the next look", late)
        since, seconds = clock(), 2 * times.heartbeat
