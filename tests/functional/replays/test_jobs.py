"""Replays as jobs: who holds the row does the work, and only they; what is done is never done again."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from tests.chaos.test_replay import DATASETS, tell_files
from tests.factories.jobs.report_runs import run_events
from tests.factories.jobs.runner import runner_over

from mktdash.domain.clock import to_micros
from mktdash.ingest import replay
from mktdash.jobs.dispatcher import dispatch_due
from mktdash.jobs.sweeper import sweep
from mktdash.jobs.times import QueueTimes
from mktdash.providers import registry
from mktdash.store.catalogue.datasets import versions
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import replays

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TIMES = QueueTimes(heartbeat=3600)


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
async def store(engine):
    await tell_files(engine, 4)
    return engine


def replayer(engine, clock=lambda: NOW, worker="w1"):
    return runner_over(engine, clock=clock, worker=worker, times=TIMES)


async def asked(engine, source=None):
    async with write_transaction(engine) as conn:
        return await replays.insert_replay(
            conn, since=0, source=source, requested_by="a test", now=to_micros(NOW - timedelta(hours=1))
        )


async def seen(engine, run):
    async with read_transaction(engine) as conn:
        return await replays.replay_by_id(conn, run.id)


async def test_a_replay_tells_how_far_it_is_and_changes_nothing(store):
    async with read_transaction(store) as conn:
        before = await versions(conn)
    run = await asked(store)
    await replayer(store).run(run.id, 0)
    done = await seen(store, run)
    async with read_transaction(store) as conn:
        steps = [(event.stage, event.progress) for event in await run_events(conn, run.id)]
    assert (done.state, done.progress) == ("succeeded", 1.0)
    assert steps == [
        ("queued", 0.0),
        ("starting", 0.0),
        ("aaa", 0.333),
        ("bbb", 0.667),
        ("ccc", 1.0),
        ("succeeded", 1.0),
    ]
    assert [one["dataset"] for one in done.results] == list(DATASETS)
    assert all(one["batches"] == 4 and one["snapshot_before"] == one["snapshot_after"] for one in done.results)
    async with read_transaction(store) as conn:
        assert await versions(conn) == before


async def test_two_workers_told_of_one_replay_do_it_once(store):
    run = await asked(store)
    await replayer(store).run(run.id, 0)
    await replayer(store, worker="w2").run(run.id, 0)
    done = await seen(store, run)
    assert (done.attempts, done.worker, len(done.results)) == (1, "w1", 3)


async def test_a_worker_that_lost_its_replay_commits_nothing_more(store, monkeypatch):
    run = await asked(store)
    clock = Clock()
    whole = replay._replay_dataset  # noqa: SLF001 - the very transaction that another worker overtakes

    async def overtaken(conn, parser_of, key, *rest, **named):
        if key == "bbb":
            # In the same transaction, so that it is undone with it: the row says that another one has the run.
            await conn.exec_driver_sql("UPDATE job_run SET epoch = epoch + 1")
        return await whole(conn, parser_of, key, *rest, **named)

    monkeypatch.setattr(replay, "_replay_dataset", overtaken)
    await replayer(store, clock).run(run.id, 0)
    stopped = await seen(store, run)
    assert ([one["dataset"] for one in stopped.results], stopped.state) == (["aaa"], "running")
    monkeypatch.undo()
    clock.now += timedelta(minutes=5)
    (back,) = await sweep(store, None, clock.now, TIMES, Random(1))  # noqa: S311 - jitter keeps no secret
    assert (back.id, back.state, back.epoch, back.progress) == (run.id, "queued", 1, 0.333)
    await replayer(store, clock, "w2").run(run.id, 1)
    done = await seen(store, run)
    assert (done.state, done.worker, [one["dataset"] for one in done.results]) == ("succeeded", "w2", list(DATASETS))


async def test_a_source_that_is_gone_ends_the_replay_with_its_reason(store, monkeypatch):
    run = await asked(store)
    monkeypatch.setattr(registry.CsvMapping, "model_validate", lambda _: registry.provider_named({}, "csv"))
    await replayer(store).run(run.id, 0)
    dead = await seen(store, run)
    assert (dead.state, dead.error_code, dead.results) == ("dead", "NOT_FOUND", [])


async def test_what_redis_forgot_is_told_again(store):
    told = []

    class Arq:
        async def delete(self, key):
            pass

        async def enqueue_job(self, task, *_args, _job_id):
            told.append((task, _job_id))

    run = await asked(store)
    clock = Clock()
    for minutes in (0, 0, 1):
        clock.now += timedelta(minutes=minutes)
        await dispatch_due(store, Arq(), clock, TIMES)
    assert told == [("run", f"{run.id}:0")] * 2
