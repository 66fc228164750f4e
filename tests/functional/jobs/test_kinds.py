"""A kind of job that mktdash does not have: all that it takes is its ``Job`` and the work registered for it."""

from tests.factories.jobs.report_runs import run_events
from tests.factories.jobs.runner import runner_over

from mktdash.domain.clock import system_clock, to_micros
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs.run_lifecycle import enqueue
from mktdash.store.jobs.runs import Job, run_by_id
from mktdash.store.live.outbox import events_after

ECHO = Job("echo", max_attempts=2, max_crashes=2)


async def echo(attempt):
    """Says what it was asked to, in two attempts."""
    words = attempt.run.parameters["words"]
    for n, word in enumerate(words[len(attempt.run.result or []) :], len(attempt.run.result or []) + 1):
        async with write_transaction(attempt.engine) as conn:
            await attempt.progress_in(conn, word, n / len(words), [{"word": one} for one in words[:n]])
        if attempt.run.attempts == 1:
            raise TimeoutError
    return attempt.finish


async def asked(engine):
    async with write_transaction(engine) as conn:
        run, _ = await enqueue(conn, ECHO, {"words": ["a", "b"]}, requested_by="t", now=to_micros(system_clock()))
    return run


async def now_of(engine, run):
    async with read_transaction(engine) as conn:
        return await run_by_id(conn, run.id)


async def test_what_is_registered_is_run_retried_and_followed(engine):
    run = await asked(engine)
    runner = runner_over(engine, work={"echo": echo})
    await runner.run(run.id, 0)
    failed = await now_of(engine, run)
    assert (failed.state, failed.error_code, failed.progress) == ("queued", "UNAVAILABLE", 0.5)

    await runner.run(run.id, 1)

    done = await now_of(engine, run)
    assert (done.state, done.attempts, done.result) == ("succeeded", 2, [{"word": "a"}, {"word": "b"}])
    async with read_transaction(engine) as conn:
        stages = [event.stage for event in await run_events(conn, run.id)]
        events = await events_after(conn, "echo", 0, keys=[run.id])
    assert stages == ["queued", "starting", "a", "queued", "starting", "b", "succeeded"]
    assert [event.payload["stage"] for event in events] == stages


async def test_what_is_not_registered_here_is_left_to_a_worker_that_knows_it(engine):
    run = await asked(engine)

    await runner_over(engine).run(run.id, 0)

    assert await now_of(engine, run) == run
