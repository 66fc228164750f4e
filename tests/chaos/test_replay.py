"""Replays that are killed at any point, and data told in any order: the same snapshot in the end, on every engine."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.factories.jobs.worker import start_worker
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, scripted
from tests.factories.waiting import wait_until

from mktdash.domain.clock import system_clock, to_micros
from mktdash.ingest.replay import replay_from_raw
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.store.catalogue.series import series_by_ids
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction
from mktdash.store.jobs import replays
from mktdash.store.jobs.runs import FINAL_STATES
from mktdash.store.series.check import check_series, series_ids
from mktdash.store.series.reading import read_chunk_digests, snapshot_id
from mktdash.store.tables import RUNS

ROOT = Path(__file__).parents[2]
KNOWN = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BATCHES = 6
PATIENCE = 300.0
ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def said(n):
    """What batch ``n`` says: some of it new, some of it another value than before, some the same."""
    return {alias: {day: float(day * (n % 3 + 1)) for day in range(n, n + 400, 40)} for alias in ("AAA", "BBB")}


async def ingest_in_order(engine, order):
    for n in order:
        await ingest(engine, scripted(said(n), KNOWN + timedelta(hours=n)), now=NOW, replace_window=n % 4 == 3)


async def snapshot(engine):
    async with read_transaction(engine) as conn:
        ids = await series_ids(conn)
        assert [problem for one in ids for problem in await check_series(conn, one)] == []
        return snapshot_id(await read_chunk_digests(conn, list((await series_by_ids(conn, ids)).values())))


async def test_shuffled_batches_and_replays_end_in_one_snapshot_on_both_engines(databases):
    found = set()
    for engine_name in ("sqlite", "postgres"):
        for seed in range(3):
            order = list(range(BATCHES))
            random.Random(seed).shuffle(order)  # noqa: S311 - no secret hangs on it
            engine = open_engine(await databases.make(engine_name, "empty"))
            await ingest_in_order(engine, order)
            found.add(await snapshot(engine))
            for _ in range(2):
                reports = replay_from_raw(engine, lambda _: ScriptedProvider(), since=0, clock=lambda: NOW)
                (report,) = [one async for one in reports]
                assert (report.batches, report.new, report.revised, report.retracted) == (BATCHES, 0, 0, 0)
            found.add(await snapshot(engine))
            await engine.dispose()
    assert len(found) == 1


@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize("batch", [0, 3, BATCHES - 1])
async def test_a_replay_killed_at_any_batch_leaves_no_trace_and_runs_again(make_database, engine_name, batch):
    url = await make_database(engine_name, "empty")
    engine = open_engine(url)
    await ingest_in_order(engine, range(BATCHES))
    before = await snapshot(engine)
    child = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [sys.executable, "-m", "tests.factories.jobs.replaying", url, str(batch)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert await asyncio.to_thread(child.stdout.readline) == "hanging\n"
        child.kill()
    assert await snapshot(engine) == before
    again = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.factories.jobs.replaying", url, "-1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout == "done\n"
    assert await snapshot(engine) == before
    await engine.dispose()


DATASETS = ("aaa", "bbb", "ccc")


async def tell_files(engine, batches):
    """Three datasets of files whose mapping is kept with them, so that a worker can read them anew."""
    for name in DATASETS:
        provider = CsvProvider(CsvMapping(dataset=name, date="date", symbol=name.upper(), value="value"))
        for n in range(batches):
            days = [KNOWN + timedelta(days=day) for day in range(n, n + 100)]
            rows = "".join(f"{day:%Y-%m-%d},{(day.day * (n % 3 + 1))}\n" for day in days)
            at = NOW + timedelta(hours=n)
            payload = RawPayload(name, f"date,value\n{rows}".encode(), "file:x", at, at)
            await ingest(engine, payload, provider)


@pytest.mark.parametrize("engine_name", ENGINES)
async def test_a_replay_whose_worker_is_killed_is_gone_on_with_by_the_next(
    make_database, engine_name, redis_url, tmp_path
):
    url = await make_database(engine_name, "empty")
    engine = open_engine(url)
    await tell_files(engine, 25)
    before = await snapshot(engine)
    async with write_transaction(engine) as conn:
        run = await replays.insert_replay(
            conn, since=0, source=None, requested_by="a test", now=to_micros(system_clock())
        )

    async def now():
        async with read_transaction(engine) as conn:
            return await replays.replay_by_id(conn, run.id)

    async def begun():
        return (await now()).results

    async def over():
        found = await now()
        return found if found.state in FINAL_STATES else None

    first = start_worker(url, redis_url, tmp_path)
    try:
        await wait_until(begun)
    finally:
        os.kill(first.pid, signal.SIGKILL)
        await asyncio.to_thread(first.wait)
    left = await now()
    async with write_transaction(engine) as conn:
        await conn.execute(sa.update(RUNS).where(RUNS.c.id == run.id).values(lease_until=0))
    second = start_worker(url, redis_url, tmp_path)
    try:
        done = await wait_until(over)
    finally:
        second.terminate()
        await asyncio.to_thread(second.wait)
    assert (done.state, done.progress) == ("succeeded", 1.0)
    assert [one["dataset"] for one in done.results] == list(DATASETS)
    assert done.results[: len(left.results)] == left.results
    assert [(one["new"], one["revised"], one["retracted"]) for one in done.results] == [(0, 0, 0)] * 3
    assert await snapshot(engine) == before
    await engine.dispose()
