"""How much memory it takes to ingest a CSV file of 1 GB, and how long other writers wait meanwhile.

``MKTDASH_BENCH_MEGABYTES`` makes it smaller for a look, ``MKTDASH_BENCH_POSTGRES=1`` takes PostgreSQL. The ingest has a
process of its own, whose peak is asked of the kernel.
"""

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy.engine import URL
from tests.factories.stores.postgres import postgres_binaries, running_postgres

from mktdash.domain.clock import system_clock
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.store.catalogue.datasets import mark_checked
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine, write_transaction
from ops.bench.make_csv import write
from ops.bench.table import Figure

TITLE = "A CSV file of 1 GB"
MEGABYTES = int(os.environ.get("MKTDASH_BENCH_MEGABYTES", "1000"))


async def measure() -> list[Figure]:
    """Make the file, ingest it in a process of its own, and read what that says."""
    with tempfile.TemporaryDirectory(prefix="mktdash-bench-") as folder:
        path = Path(folder) / "bars.csv"
        rows = write(path, MEGABYTES)
        if os.environ.get("MKTDASH_BENCH_POSTGRES"):
            binaries = postgres_binaries()
            if binaries is None:
                sys.exit("no PostgreSQL here")
            with running_postgres(binaries) as socket:
                url = URL.create("postgresql+asyncpg", "mktdash", database="postgres", query={"host": socket})
                said = await _apart(path, url.render_as_string(hide_password=False))
        else:
            said = await _apart(path, f"sqlite+aiosqlite:///{folder}/bench.db")
        if said["new"] != rows:
            sys.exit(f"{rows} rows were written and {said['new']} taken in")
    return [
        Figure("file", MEGABYTES, "MB"),
        Figure("rows", rows, ""),
        Figure("ingest", said["seconds"], "s"),
        Figure("rows a second", rows / said["seconds"], ""),
        Figure("resident before", said["before_mb"], "MB"),
        Figure("resident at most", said["peak_mb"], "MB", 300.0, "less"),
        Figure("longest wait of another writer", said["longest_wait_s"], "s", 30.0, "less"),
    ]


async def _apart(path: Path, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "ops.bench.csv_memory", str(path), url]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    waiting = asyncio.create_task(_other_writer(url, child))
    output, _ = await child.communicate()
    if child.returncode:
        sys.exit(child.returncode)
    said: dict[str, float] = json.loads(output)
    said["longest_wait_s"] = await waiting
    return said


async def _other_writer(url: str, child: asyncio.subprocess.Process) -> float:
    """Write a little all the while, from this process; the longest that one such write took."""
    engine = open_engine(url)
    longest = 0.0
    await upgrade(engine)
    try:
        while child.returncode is None:
            started = time.perf_counter()
            try:
                async with write_transaction(engine) as conn:
                    await mark_checked(conn, "none", 0)
            finally:
                longest = max(longest, time.perf_counter() - started)
            await asyncio.sleep(0.2)
    finally:
        await engine.dispose()
    return longest


async def _ingest(path: Path, url: str) -> dict[str, float]:
    engine = open_engine(url)
    await upgrade(engine)
    before = _resident()
    now = system_clock()
    payload = RawPayload("bench-bars", path, f"file:{path.name}", now, now)
    provider = CsvProvider.from_file(path.with_suffix(".json"))
    started = time.perf_counter()
    report = await ingest_payload(engine, provider, payload, clock=system_clock, run_id="bench", code_sha="bench")
    seconds = time.perf_counter() - started
    await engine.dispose()
    return {"new": report.new, "seconds": seconds, "before_mb": before, "peak_mb": _resident()}


def _resident() -> float:
    """The peak resident memory of this process so far, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_ingest(Path(sys.argv[1]), sys.argv[2]))))
