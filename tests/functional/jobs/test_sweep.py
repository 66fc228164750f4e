"""Taking runs back from workers that fell silent, and from no others: not after a sleep of the whole machine."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace

import pytest
from tests.factories.jobs.report_runs import request_report

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.jobs import sweeper
from mktdash.jobs.sweeper import keep_sweeping, sweep
from mktdash.jobs.times import QueueTimes
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import run_lifecycle
from mktdash.store.jobs.runs import run_by_id

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
TIMES = QueueTimes()
CHANCE = Random(1)  # noqa: S311 - jitter keeps no secret


class Time:
    """A clock on the wall; whoever sleeps moves it, and whatever happens meanwhile is told by ``meanwhile``."""

    def __init__(self, *meanwhile):
        self.now = NOW
        self.slept = []
        self.meanwhile = list(meanwhile)

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        if not self.meanwhile:
            raise asyncio.CancelledError
        await self.meanwhile.pop(0)(self)


@pytest.fixture
async def held(engine):
    """A run that a worker holds, for as long as a lease is."""
    now = to_micros(NOW)
    run = await request_report(engine, now=now)
    async with write_transaction(engine) as conn:
        return await run_lifecycle.claim(conn, run.id, 0, worker="w", now=now, lease_until=now + lease())


def lease():
    return round(TIMES.lease * MICROS_PER_SECOND)


async def now_of(engine, run):
    async with read_transaction(engine) as conn:
        return await run_by_id(conn, run.id)


async def test_a_run_whose_worker_fell_silent_is_taken_back_by_one_sweep(engine, held):
    later = NOW + timedelta(seconds=TIMES.lease + 1)

    sweeps = await asyncio.gather(*(sweep(engine, None, later, TIMES, CHANCE) for _ in range(2)))

    assert sum(len(taken) for taken in sweeps) == 1
    back = await now_of(engine, held)
    assert (back.state, back.epoch, back.crashes) == ("queued", 1, 1)
    assert back.available_at == to_micros(later), "nothing speaks against the run itself yet"


async def swept(engine, time, monkeypatch):
    monkeypatch.setattr(sweeper, "asyncio", SimpleNamespace(sleep=time.sleep))
    with pytest.raises(asyncio.CancelledError):
        await keep_sweeping(engine, None, time, TIMES, CHANCE)


async def nothing(_):
    pass


async def asleep(time):
    time.now += timedelta(hours=8)


def heartbeat_of(engine, run):
    async def heartbeat(time):
        async with write_transaction(engine) as conn:
            assert await run_lifecycle.heartbeat(conn, run, to_micros(time.now) + lease())

    return heartbeat


async def test_after_a_sleep_of_the_machine_a_worker_has_time_for_a_sign_of_life(engine, held, monkeypatch):
    time = Time(asleep, heartbeat_of(engine, held))
    await swept(engine, time, monkeypatch)

    assert time.slept == [TIMES.sweep, 2 * TIMES.heartbeat, TIMES.sweep]
    assert await now_of(engine, held) == replace(held, lease_until=to_micros(time.now - timedelta(seconds=2)) + lease())


async def test_a_machine_that_falls_asleep_again_at_once_costs_no_worker_its_run(engine, held, monkeypatch):
    time = Time(asleep, asleep, asleep, heartbeat_of(engine, held))
    await swept(engine, time, monkeypatch)

    assert (await now_of(engine, held)).state == "running"


async def test_a_sweeper_that_is_always_late_sweeps_all_the_same(engine, held, monkeypatch):
    time = Time(*[asleep] * 6)
    await swept(engine, time, monkeypatch)

    assert (await now_of(engine, held)).state == "queued"


async def test_a_worker_that_the_sleep_was_the_end_of_loses_its_run_all_the_same(engine, held, monkeypatch):
    time = Time(asleep, nothing)
    await swept(engine, time, monkeypatch)

    assert (await now_of(engine, held)).state == "queued"


async def test_where_time_goes_its_way_nobody_waits_longer(engine, held, monkeypatch):
    time = Time(*[nothing] * 9)
    await swept(engine, time, monkeypatch)

    assert time.slept == [TIMES.sweep] * 10
    assert (await now_of(engine, held)).state == "queued", "silent for 18 s of the lease's 12"
