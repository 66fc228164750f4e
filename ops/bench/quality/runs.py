"""Quality over many series: all checks of 2,000 daily series of 5,000 days, and of the one an ingest touched."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from mktdash.domain.clock import Clock
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.domain.observation import Columns
from mktdash.domain.schedule import fixing_at, sessions_between
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.base import Fetcher, Parsed, ParsedSeries, Policy, RawPayload, Window
from mktdash.quality.runner import run_quality
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine, read_transaction
from ops.bench.table import Figure

TITLE = "Quality of 2,000 daily series of 5,000 days (SQLite)"

SERIES = 2000
DAYS = 5000
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
SPEC = DatasetSpec("bench-daily", "Bench", "bench", "TARGET", "Europe/Berlin", "14:15", 6300, 7200)


class WalkProvider:
    """Random walks on TARGET days; the payload's body says how many series and from which session."""

    name = "bench"
    policy = Policy()
    datasets = (SPEC,)

    def __init__(self) -> None:
        found = sessions_between(SPEC, date(2006, 1, 1), NOW.date())
        self.as_of = np.array([fixing_at(SPEC, day) for day in found.dates[-DAYS:]], np.int64)

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Nothing is asked for; the bench makes its payloads."""
        del fetcher, window, clock
        return
        yield

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """A hundred series a piece."""
        with payload.open() as stream:
            series, skip = (int(part) for part in stream.read().split())
        as_of = self.as_of[skip:]
        for first in range(0, series, 100):
            yield Parsed([self._walk(number, as_of) for number in range(first, min(first + 100, series))])

    def _walk(self, number: int, as_of: np.ndarray) -> ParsedSeries:
        steps = np.random.default_rng([number, len(as_of)]).normal(0, 0.01, len(as_of))
        value = np.round(100 * np.exp(np.cumsum(steps)), 4)
        return ParsedSeries(f"W{number}", Columns(as_of, value, np.zeros(len(as_of), np.int64)))

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The walk of a number."""
        instrument = InstrumentSpec(f"BENCH.{alias}", alias, AssetClass.SIMULATED)
        return SeriesSpec(instrument, dataset, alias, Measure.PRICE, "1d", "USD")


async def measure() -> list[Figure]:
    """Seconds and memory of a full run in a process of its own, milliseconds of a run after an ingest of one series."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
        engine = open_engine(url)
        await upgrade(engine)
        provider = WalkProvider()
        payload = RawPayload(SPEC.key, b"%d 0" % SERIES, "file:walks", NOW, NOW)
        await ingest_payload(engine, provider, payload, clock=lambda: NOW, run_id="bench", code_sha="bench")
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, url, stdout=asyncio.subprocess.PIPE
        )
        full = json.loads((await child.communicate())[0])
        touched, worked = [], []
        async with read_transaction(engine) as conn:
            series_id = (await series_of_dataset(conn, SPEC.key))[0].id
        for turn in range(10):
            later = NOW + timedelta(seconds=turn + 1)
            one = replace(payload, body=b"1 %d" % (DAYS - 10 - turn), fetched_at=later, known_at=later)
            await ingest_payload(engine, provider, one, clock=partial(_same, later), run_id="bench", code_sha="bench")
            started, used = time.perf_counter(), time.process_time()
            await run_quality(
                engine,
                clock=partial(_same, later),
                code_sha="bench",
                datasets=[SPEC.key],
                series_ids=[series_id],
            )
            touched.append((time.perf_counter() - started) * 1000)
            worked.append((time.process_time() - used) * 1000)
        await engine.dispose()
    return [
        Figure("all checks, wall clock", full["wall_s"], "s", 10, "less"),
        Figure("all checks, processor time", full["cpu_s"], "s", 10, "less"),
        Figure("peak memory of that process", full["peak_mb"], "MB", 500, "less"),
        Figure("after an ingest of one series, median of 10", float(np.median(touched)), "ms", 50, "less"),
        Figure("  slowest of 10", max(touched), "ms"),
        Figure("  processor time, median", float(np.median(worked)), "ms"),
    ]


def _same(instant: datetime) -> datetime:
    return instant


async def _full_run(url: str) -> dict[str, float]:
    engine = open_engine(url)
    started, used = time.perf_counter(), time.process_time()
    runs = await run_quality(engine, clock=lambda: NOW, code_sha="bench")
    wall, cpu = time.perf_counter() - started, time.process_time() - used
    await engine.dispose()
    if {result.metric: result for result in runs[0].results}["freshness"].status != "PASS":
        raise SystemExit("the bench's own data are not fresh")
    return {"wall_s": wall, "cpu_s": cpu, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    # What getrusage says of a child begins with its parent's peak; the kernel's own page on the process does not.
    page = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in page.splitlines() if line.startswith("VmHWM"))) / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_full_run(sys.argv[1]))))
