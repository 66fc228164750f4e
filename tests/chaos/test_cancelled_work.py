"""Work of the worker and the feed that is cancelled, in any await and more than once, leaves nothing open or held."""

import gc
import multiprocessing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from redis.asyncio import Redis
from tests.factories.cancelling import each_await, walked
from tests.factories.jobs.renderers import one_file
from tests.factories.jobs.report_runs import report_now, request_report
from tests.factories.jobs.runner import runner_over
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, scripted
from tests.factories.summaries import market_summary

from mktdash.domain.clock import system_clock, to_micros
from mktdash.feed.source_lease import Lease
from mktdash.ingest.replay import replay_from_raw
from mktdash.jobs import reports as report_work
from mktdash.jobs.arq_worker import open_arq
from mktdash.jobs.dispatcher import dispatch_due
from mktdash.jobs.render_process import render_in_process
from mktdash.jobs.sweeper import sweep
from mktdash.jobs.times import QueueTimes
from mktdash.live.publish import notify
from mktdash.providers import registry
from mktdash.quality.runner import run_quality
from mktdash.reports.render import render_all
from mktdash.security.authentication import Authentication
from mktdash.security.buckets import Buckets, Limit
from mktdash.security.tokens import create_token
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import replays
from mktdash.store.live.heartbeats import BeatRow, beat, forget
from mktdash.store.series.check import check_series, series_ids

STEP = 4
KNOWN = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
async def redis(left, redis_url):
    """A client of Redis, which is looked at too."""
    left.redis = Redis.from_url(redis_url)
    yield left.redis
    await left.redis.aclose()


async def sound(engine):
    """Nothing is stored that does not agree with the rest."""
    async with read_transaction(engine) as conn:
        assert [fault for one in await series_ids(conn) for fault in await check_series(conn, one)] == []


@pytest.mark.parametrize("late", [False, True], ids=["in-order", "late"])
async def test_an_ingest(left, late):
    numbers = count(1)

    async def ingest_next():
        n = next(numbers)
        # Later each time, or each time before all that is known.
        known = KNOWN - timedelta(hours=n) if late else system_clock()
        said = scripted({"AAA": {n: float(n), 0: 10.0 + n}, "CCC": {n: 1.0}}, known)
        await ingest(left.engine, said, now=system_clock(), replace_window=True)

    await each_await(ingest_next, left.look, STEP)
    await sound(left.engine)


async def test_a_replay_of_datasets(left):
    async def replay():
        async for _ in replay_from_raw(left.engine, lambda _: ScriptedProvider(), since=0, clock=system_clock):
            pass

    await each_await(replay, left.look, STEP)
    await sound(left.engine)


async def test_verdicts(left):
    async def judge():
        await run_quality(left.engine, clock=system_clock, code_sha="t")

    await each_await(judge, left.look, STEP)


async def test_a_report(left, redis, monkeypatch):
    async def render(render, summary, on_stage, seconds):
        del seconds
        await on_stage("rendering csv", 0.5)
        return render_all(render, summary, lambda *_: None)

    monkeypatch.setattr(report_work, "render_in_process", render)
    runner = runner_over(left.engine, one_file, redis=redis)
    asked = None

    async def report():
        nonlocal asked
        asked = None
        asked = await request_report(left.engine, {"symbols": ["AAA"]})
        # In this task, for it is the one that is cancelled.
        runner._stopping = True  # noqa: SLF001 - as at the end of a worker
        await runner._run(asked.id, asked.epoch)  # noqa: SLF001 - run() shields it

    async def look(after):
        assert runner._limits["report"].inside == 0, after  # noqa: SLF001 - nobody outside sees it
        await left.look(after)
        await runner.stop()
        if asked is not None:
            state = (await report_now(left.engine, asked)).state
            assert state in {"queued", "succeeded"}, f"{after}: {state}"

    await each_await(report, look, STEP)


async def test_a_replay_as_a_job(left, redis, monkeypatch):
    # A source of this version, as its job finds it by the recipe that its batches carry.
    monkeypatch.setattr(registry, "build_providers", lambda **_: {ScriptedProvider.name: ScriptedProvider()})
    runner = runner_over(left.engine, redis=redis)
    asked = None

    async def replay():
        nonlocal asked
        async with write_transaction(left.engine) as conn:
            asked = await replays.insert_replay(
                conn, since=0, source=None, requested_by="t", now=to_micros(system_clock())
            )
        runner._stopping = True  # noqa: SLF001 - as above
        await runner._run(asked.id, asked.epoch)  # noqa: SLF001 - as above

    async def look(after):
        await left.look(after)
        await runner.stop()

    await each_await(replay, look, STEP)
    await sound(left.engine)
    async with read_transaction(left.engine) as conn:
        unharmed = await replays.replay_by_id(conn, asked.id)
    assert (unharmed.state, unharmed.error_message) == ("succeeded", None)


async def test_the_queue(left, redis, redis_url):
    times = QueueTimes()
    left.redis = arq = open_arq(redis_url)
    for n in range(2):
        await request_report(left.engine, {"symbols": ["AAA"], "title": str(n)})

    async def dispatch():
        await dispatch_due(left.engine, arq, lambda: system_clock() + timedelta(hours=1), times)
        await sweep(left.engine, arq, system_clock(), times, Random(0))  # noqa: S311 - no secret hangs on it
        await notify(arq, ["queue"])

    await each_await(dispatch, left.look)
    left.redis = redis
    await arq.aclose()


async def test_limits_and_leases(left, redis):
    numbers = count(1)
    buckets, limit = Buckets(redis, seconds_to_answer=600), Limit("t", 1000)

    async def take():
        # A bearer of its own each time, so that Redis is asked.
        assert (await buckets.take(limit, f"bearer {next(numbers)}")).granted
        lease = Lease(redis, "t")
        await lease.take()
        await lease.give_back()

    await each_await(take, left.look)


async def test_tokens_and_beats(left):
    numbers = count(1)
    authentication = Authentication(left.engine, system_clock, anonymous_read=False)
    token = await create_token(left.engine, name="t", role="viewer", clock=system_clock)
    assert await authentication.of_token(token) is not None
    # One watches credentials.
    await left.settle(idle=1)

    async def say():
        assert await authentication.of_token(token) is not None
        await create_token(left.engine, name="t", role="viewer", clock=system_clock)
        name = f"web-{next(numbers)}"
        now = to_micros(system_clock())
        await beat(left.engine, BeatRow(name, "web", "t", 1, now, now, {}))
        await forget(left.engine, name, now)

    await each_await(say, left.look, STEP)
    await authentication.aclose()


def open_files():
    """How many files this process holds."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_renderer():
    async def ignore(stage, share):
        del stage, share

    async def render():
        await render_in_process(one_file, market_summary(), ignore, 600)

    async def look(after):
        assert multiprocessing.active_children() == [], after
        assert open_files() <= before, after

    # The server that forks them is there from the first on.
    await render()
    before = open_files()
    with walked():
        await each_await(render, look, 2)
