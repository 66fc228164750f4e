"""The report queue when things die: workers killed, Redis restarted or emptied, two of everything."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from arq.constants import in_progress_key_prefix, job_key_prefix
from tests.e2e.running import alive
from tests.factories.jobs.report_runs import report_now, request_report, run_events
from tests.factories.jobs.worker import QUICK, start_worker
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted
from tests.factories.waiting import wait_until

from mktdash.domain.clock import system_clock
from mktdash.jobs.arq_worker import QUEUE, open_arq
from mktdash.jobs.dispatcher import dispatch_due
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction
from mktdash.store.jobs import runs
from mktdash.store.jobs.reports import artifacts_by_run_ids
from mktdash.store.live.heartbeats import beats
from mktdash.store.tables import RUNS

PATIENCE = 300.0
AAA = {"symbols": ["AAA"]}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request, make_database):
    """A store with two observations, and its URL."""
    url = await make_database(request.param, "empty")
    engine = open_engine(url)
    await ingest(engine, scripted({"AAA": {0: 10.0, 1: 11.0}}, system_clock()))
    yield engine, url
    await engine.dispose()


async def ended(engine, run):
    async def condition():
        now = await report_now(engine, run)
        return now if now.state in runs.FINAL_STATES else None

    return await wait_until(condition)


async def at_work(engine, n=1):
    """Wait until so many workers beat; their process ids."""

    async def condition():
        async with read_transaction(engine) as conn:
            found = [beat.pid for beat in await beats(conn) if beat.kind == "worker"]
        return found if len(found) >= n else None

    return await wait_until(condition)


async def rendering(mark):
    """Wait until a renderer hangs; its process id."""

    async def condition():
        return mark.exists() and mark.read_text()

    return int(await wait_until(condition))


@asynccontextmanager
async def workers(url, redis_url, home, n=1, render=""):
    """Worker processes for the length of the block."""
    started = [start_worker(url, redis_url, home, render=render) for _ in range(n)]
    try:
        yield started
    finally:
        for one in started:
            if one.poll() is None:
                one.kill()
            one.wait()


async def test_a_worker_killed_while_rendering_loses_its_run_to_another(store, redis_url, tmp_path):
    engine, url = store
    mark = tmp_path / "mark"
    async with workers(url, redis_url, tmp_path, 2, "hang_on_the_first_try") as started:
        pids = await at_work(engine, 2)
        run = await request_report(engine, AAA | {"title": str(mark)})
        renderer = await rendering(mark)
        async with read_transaction(engine) as conn:
            held = await runs.run_by_id(conn, run.id)
        victim = next(pid for pid in pids if f"-{pid}-" in held.worker)
        os.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(next(one for one in started if one.pid == victim).wait)
        async with write_transaction(engine) as conn:
            await conn.execute(sa.update(RUNS).where(RUNS.c.id == run.id).values(lease_until=0))
        done = await ended(engine, run)
        assert (done.state, done.epoch, done.crashes, done.attempts) == ("succeeded", 1, 1, 2)
        assert f"-{victim}-" not in done.worker
        assert sum(one.poll() is None for one in started) == 1
    await wait_until(lambda: gone(renderer))


async def gone(pid):
    return not alive(pid)


async def test_a_worker_told_to_stop_gives_its_run_back_and_ends_well(store, redis_url, tmp_path):
    engine, url = store
    mark = tmp_path / "mark"
    async with workers(url, redis_url, tmp_path, 1, "hang_on_the_first_try") as (first,):
        await at_work(engine)
        run = await request_report(engine, AAA | {"title": str(mark)})
        await rendering(mark)
        first.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(first.wait, PATIENCE) == 0
        async with read_transaction(engine) as conn:
            back = await runs.run_by_id(conn, run.id)
            assert [beat for beat in await beats(conn) if beat.kind == "worker"] == []
        assert (back.state, back.epoch, back.attempts, back.crashes) == ("queued", 1, 0, 0)
        async with workers(url, redis_url, tmp_path, 1, "hang_on_the_first_try"):
            assert (await ended(engine, run)).state == "succeeded"


async def test_a_redis_that_restarts_ends_no_worker_and_no_report(store, redis_server, tmp_path):
    engine, url = store
    async with workers(url, redis_server.url, tmp_path) as (worker,):
        await at_work(engine)
        assert (await ended(engine, await request_report(engine, AAA))).state == "succeeded"
        redis_server.stop()
        meanwhile = await request_report(engine, AAA | {"days": 30})
        redis_server.start()
        assert (await ended(engine, meanwhile)).state == "succeeded"
        assert (await ended(engine, await request_report(engine, AAA | {"days": 31}))).state == "succeeded"
        assert worker.poll() is None


async def test_a_worker_may_start_before_its_redis(store, redis_server, tmp_path):
    engine, url = store
    redis_server.stop()
    async with workers(url, redis_server.url, tmp_path) as (worker,):
        await at_work(engine)
        run = await request_report(engine, AAA)
        redis_server.start()
        assert (await ended(engine, run)).state == "succeeded"
        assert worker.poll() is None


async def test_many_runs_and_two_workers_with_a_redis_that_is_emptied_all_the_time(store, redis_server, tmp_path):
    engine, url = store
    asked = [await request_report(engine, AAA | {"days": 2 + n}) for n in range(8)]
    async with workers(url, redis_server.url, tmp_path, 2):
        done = []
        for run in asked:
            redis_server.flush()
            done.append(await ended(engine, run))
    assert {run.state for run in done} == {"succeeded"}
    async with read_transaction(engine) as conn:
        files = await artifacts_by_run_ids(conn, [run.id for run in asked])
        for run in asked:
            ends = [event for event in await run_events(conn, run.id) if event.state == "succeeded"]
            assert (len(ends), len(files[run.id])) == (1, 3)


async def test_two_dispatchers_tell_redis_of_a_run_once_and_again_after_a_flush(store, redis_server):
    engine, _ = store
    run = await request_report(engine, AAA)
    async with open_arq(redis_server.url) as arq:
        for _ in range(2):
            await asyncio.gather(*(dispatch_due(engine, arq, system_clock, QUICK) for _ in range(2)))
        assert [job.job_id for job in await arq.queued_jobs(queue_name=QUEUE)] == [f"{run.id}:0"]
        redis_server.flush()
        assert await dispatch_due(engine, arq, system_clock, replace(QUICK, stale=60.0)) == 0
        assert await dispatch_due(engine, arq, system_clock, replace(QUICK, stale=-1.0)) == 1
        assert [job.job_id for job in await arq.queued_jobs(queue_name=QUEUE)] == [f"{run.id}:0"]


async def test_the_mark_of_a_worker_killed_before_its_claim_does_not_hide_the_run(store, redis_server, tmp_path):
    engine, url = store
    run = await request_report(engine, AAA)
    async with open_arq(redis_server.url) as arq:
        await dispatch_due(engine, arq, system_clock, QUICK)
        await arq.set(f"{in_progress_key_prefix}{run.id}:0", b"1", ex=3600)
        assert await arq.exists(f"{job_key_prefix}{run.id}:0")
        async with workers(url, redis_server.url, tmp_path):
            assert (await ended(engine, run)).state == "succeeded"
