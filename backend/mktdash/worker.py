"""The worker process: takes reports and replays from the queue and does them. Any number may run side by side."""

import asyncio
import logging
import signal
from contextlib import suppress
from random import SystemRandom

from mktdash.jobs.arq_worker import keep_working, open_arq
from mktdash.jobs.dispatcher import keep_dispatching, keep_listening
from mktdash.jobs.registry import registered
from mktdash.jobs.render_process import warm_up
from mktdash.jobs.runner import Runner
from mktdash.jobs.sweeper import keep_sweeping
from mktdash.jobs.times import QueueTimes
from mktdash.reports.base import Render
from mktdash.resources import Resources, open_resources
from mktdash.settings import Settings
from mktdash.store.live.heartbeats import beating

_SECONDS_TO_SETTLE = 3.0

_log = logging.getLogger(__name__)


async def run_worker(settings: Settings, times: QueueTimes | None = None) -> None:
    """Work until SIGTERM or SIGINT; then release what is running and return."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_resources(settings) as resources:
        await work_until(stop, resources, times or QueueTimes())


async def _warm_up_soon() -> None:
    # Not at once: it would keep the other processes of a start waiting. A report that comes sooner does it itself.
    await asyncio.sleep(_SECONDS_TO_SETTLE)
    try:
        await asyncio.to_thread(warm_up)
    except Exception:  # noqa: BLE001 - it is no reason to end
        _log.exception("the fork server did not start; the next report tries again")


async def work_until(
    stop: asyncio.Event, resources: Resources, times: QueueTimes, render: Render | None = None
) -> None:
    """Everything a worker does, until ``stop`` is set: beats, dispatching, sweeping, and the runs themselves."""
    engine, redis, clock = resources.engine, resources.redis, resources.clock
    runners: list[Runner] = []
    async with beating(
        engine, "worker", clock, detail=lambda: {"running": [run_id for one in runners for run_id in one.running]}
    ) as worker_id:
        runner = Runner(
            engine=engine,
            redis=redis,
            clock=clock,
            code_sha=resources.code_sha,
            worker=worker_id,
            capacity=resources.settings.worker_jobs,
            work=registered(render),
            times=times,
        )
        runners.append(runner)
        arq = open_arq(resources.settings.redis)
        wake = asyncio.Event()
        chance = SystemRandom()
        loops = [
            asyncio.create_task(keep_listening(redis, times, wake), name="listen"),
            asyncio.create_task(keep_dispatching(engine, arq, clock, times, wake), name="dispatch"),
            asyncio.create_task(keep_sweeping(engine, redis, clock, times, chance), name="sweep"),
            asyncio.create_task(keep_working(resources.settings.redis, runner, times), name="work"),
        ]
        warming = asyncio.create_task(_warm_up_soon(), name="warm up")
        stopped = asyncio.create_task(stop.wait(), name="stop")
        _log.info("worker %s is at work", worker_id)
        try:
            done, _ = await asyncio.wait([stopped, *loops], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopped, warming, *loops):
                task.cancel()
            await runner.stop()
            await asyncio.gather(stopped, warming, *loops, return_exceptions=True)
            with suppress(OSError):
                await arq.aclose()
        for task in done - {stopped}:
            # These loops never end by themselves: one that did has met a fault of ours, and the supervisor must see it.
            task.result()
        _log.info("worker %s has stopped", worker_id)
