"""A worker process for tests: the real one with a quicker queue, and a renderer that may hang on its first try."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

from mktdash.jobs.times import QueueTimes
from mktdash.resources import open_resources
from mktdash.settings import Settings
from mktdash.worker import work_until
from tests.factories.jobs import renderers

# Quick in all but the lease, which a slow machine must not outlast: a test that kills a worker ends it by hand.
QUICK = QueueTimes(
    poll=0.2, stale=1.0, sweep=0.2, heartbeat=0.2, lease=600.0, first_retry=0.1, restart=0.1, longest_restart=0.5
)
ROOT = Path(__file__).parents[3]


def start_worker(database_url: str, redis_url: str, home: Path, *, render: str = "") -> subprocess.Popen[bytes]:
    """Start a worker process; ``render`` names one of :mod:`tests.factories.jobs.renderers`, none is the template's."""
    env = os.environ | {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "MKTDASH_HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }
    with (home / f"worker-{len(list(home.glob('worker-*')))}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.factories.jobs.worker", render],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


async def _run(render: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_resources(Settings()) as resources:
        await work_until(stop, resources, QUICK, getattr(renderers, render) if render else None)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    asyncio.run(_run(sys.argv[1]))
