"""arq's worker, kept alive: it ends when Redis goes away (0.28), so it is started again until it is stopped."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

import orjson
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError

from mktdash.jobs.dispatcher import TASK
from mktdash.jobs.runner import Runner
from mktdash.jobs.times import QueueTimes

QUEUE = "mktdash:queue"
_POLL_SECONDS = 0.05
# The row has a lease and rendering a limit of its own; arq's must never be the first to strike.
_JOB_SECONDS = 3600
# A run offered twice may be picked twice; arq's own count of tries means nothing here.
_MOST_PICKS = 1_000_000

if TYPE_CHECKING:
    from arq.typing import WorkerCoroutine

_log = logging.getLogger(__name__)


def open_arq(redis_url: str) -> ArqRedis:
    """A connection that enqueues as JSON; the caller closes it. Nothing is contacted before its first use."""
    arq: ArqRedis = ArqRedis.from_url(redis_url)
    arq.job_serializer = orjson.dumps
    arq.job_deserializer = orjson.loads
    arq.default_queue_name = QUEUE
    return arq


async def keep_working(redis_url: str, runner: Runner, times: QueueTimes) -> None:
    """Run what arq offers, for ever. Runs in hand go on while Redis is away."""
    delay = times.restart
    while True:
        arq = open_arq(redis_url)
        worker = _worker(arq, runner)
        started = asyncio.get_running_loop().time()
        try:
            await worker.async_run()
        except (RedisError, OSError, TimeoutError) as error:
            if asyncio.get_running_loop().time() - started > times.longest_restart:
                delay = times.restart
            _log.warning("Redis is away (%s); looking again in %.1f s", type(error).__name__, delay)
        finally:
            await _end(worker, arq)
        await asyncio.sleep(delay)
        delay = min(delay * 2, times.longest_restart)


def _worker(arq: ArqRedis, runner: Runner) -> Worker:
    async def run(_ctx: dict[Any, Any], run_id: str, epoch: int) -> None:
        await runner.run(run_id, epoch)

    return Worker(
        # arq types a task as one that takes anything.
        functions=[func(cast("WorkerCoroutine", run), name=TASK, keep_result=0, max_tries=_MOST_PICKS)],
        queue_name=QUEUE,
        redis_pool=arq,
        handle_signals=False,
        max_jobs=runner.capacity,
        job_timeout=_JOB_SECONDS,
        keep_result=0,
        poll_delay=_POLL_SECONDS,
        job_serializer=orjson.dumps,
        job_deserializer=orjson.loads,
    )


async def _end(worker: Worker, arq: ArqRedis) -> None:
    # Worker.close() talks to Redis, which may be what is missing.
    if worker.main_task is not None:
        worker.main_task.cancel()
    for task in worker.tasks.values():
        task.cancel()
    await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
    await arq.aclose()
