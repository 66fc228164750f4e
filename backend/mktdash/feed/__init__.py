"""The feed process: fetches new data from each source on its own schedule. Any number may run side by side."""

import asyncio
import logging
import signal
from collections.abc import Mapping

from mktdash.feed.quality_loop import QualityLoop
from mktdash.feed.source import SourceLoop
from mktdash.feed.source_lease import Lease
from mktdash.providers.base import Provider
from mktdash.providers.fetch.fetcher import open_fetchers
from mktdash.providers.registry import build_providers, provider_named
from mktdash.resources import Resources, open_resources
from mktdash.settings import Settings
from mktdash.store.live.heartbeats import beating

_log = logging.getLogger(__name__)


async def run_feed(settings: Settings) -> None:
    """Feed until SIGTERM or SIGINT.

    Raises:
        NotFoundError: the setting ``sources`` names one that there is not.
    """
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_resources(settings) as resources:
        await feed_until(stop, resources)


async def feed_until(
    stop: asyncio.Event, resources: Resources, providers: Mapping[str, Provider] | None = None
) -> None:
    """Everything a feed does, until ``stop`` is set: beats, a loop for each source, and the quality runs.

    Raises:
        NotFoundError: the setting ``sources`` names one that there is not.
    """
    settings, clock = resources.settings, resources.clock
    every = providers or build_providers(sim_seed=settings.sim_seed)
    chosen = [provider_named(every, name) for name in dict.fromkeys(settings.sources)]
    quality = QualityLoop(resources, Lease(resources.redis, "quality"))
    async with open_fetchers(network=settings.network, clock=clock) as fetchers:
        loops = [
            SourceLoop(
                provider=provider,
                fetcher=fetchers.of(provider),
                resources=resources,
                lease=Lease(resources.redis, provider.name),
                touched=quality.touch,
            )
            for provider in chosen
        ]
        async with beating(
            resources.engine,
            "feed",
            clock,
            detail=lambda: {"sources": {one.provider.name: one.state for one in loops}},
        ) as feed_id:
            tasks = [
                asyncio.create_task(quality.run(), name="quality"),
                *(asyncio.create_task(one.run(), name=f"source {one.provider.name}") for one in loops),
            ]
            stopped = asyncio.create_task(stop.wait(), name="stop")
            _log.info("feed %s runs %s", feed_id, ", ".join(settings.sources) or "no source")
            try:
                done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (stopped, *tasks):
                    task.cancel()
                await asyncio.gather(stopped, *tasks, return_exceptions=True)
            for task in done - {stopped}:
                # These loops never end by themselves: one that did has failed, and the supervisor must see it.
                task.result()
            _log.info("feed %s has stopped", feed_id)


__all__ = ["feed_until", "run_feed"]
