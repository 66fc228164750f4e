"""The rows of runs: every transition, and what each refuses, on both engines."""

import asyncio

import pytest
import sqlalchemy as sa
from tests.factories.jobs.report_runs import FILE, request_report, run_events

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import reports, run_lifecycle, runs
from mktdash.store.live.outbox import events_after

NOW = 1_793_000_000_000_000
SECOND = 1_000_000
LEASE = NOW + 12 * SECOND


async def claim(engine, run, worker="one", now=NOW):
    async with write_transaction(engine) as conn:
        return await run_lifecycle.claim(conn, run.id, run.epoch, worker=worker, now=now, lease_until=now + 12 * SECOND)


async def apply(engine, transition, *args, **facts):
    async with write_transaction(engine) as conn:
        return await transition(conn, *args, **facts)


async def now_of(engine, run):
    return await apply(engine, runs.run_by_id, run.id)


async def take_back(engine, run):
    now = LEASE + 1
    return await apply(engine, run_lifecycle.crash, run, now=now, retry_at=now, message="no heartbeat", silent=True)


async def test_a_run_goes_from_asked_for_to_succeeded_and_tells_of_every_step(engine):
    run = await request_report(engine, now=NOW)
    held = await claim(engine, run)
    assert await apply(engine, run_lifecycle.progress, held, stage="charts", share=0.5, now=NOW + 1, lease_until=LEASE)
    assert await apply(engine, reports.finish_report, held, [FILE], NOW + 2)

    done = await now_of(engine, run)
    assert (done.state, done.progress, done.attempts, done.finished_at) == ("succeeded", 1.0, 1, NOW + 2)
    async with read_transaction(engine) as conn:
        told = await events_after(conn, "report", 0, keys=[run.id])
        history = await run_events(conn, run.id)
        stored = await reports.artifact(conn, run.id, "csv")
        listed = await reports.artifacts_by_run_ids(conn, [run.id, "none"])
    assert [event.payload["stage"] for event in told] == ["queued", "starting", "charts", "succeeded"]
    assert [(event.state, event.progress) for event in history] == [
        ("queued", 0.0),
        ("running", 0.0),
        ("running", 0.5),
        ("succeeded", 1.0),
    ]
    assert (stored.body, stored.sha256, stored.size) == (FILE.body, FILE.sha256, 5)
    assert ([one.format for one in listed[run.id]], listed["none"]) == (["csv"], [])


async def test_the_same_idempotency_key_gives_the_same_run_and_refuses_another_report(engine):
    first = await request_report(engine, now=NOW, idempotency_key="k")
    again = await request_report(engine, idempotency_key="k", now=NOW + 5)
    assert again == first
    with pytest.raises(InvalidInputError, match="already stands for another report"):
        await request_report(engine, {"days": 5}, now=NOW, idempotency_key="k")
    async with read_transaction(engine) as conn:
        assert len(await run_events(conn, first.id)) == 1


async def test_two_requests_with_one_key_at_the_same_time_make_one_run(engine):
    both = await asyncio.gather(*(request_report(engine, now=NOW, idempotency_key="k") for _ in range(2)))
    assert both[0].id == both[1].id


async def test_of_many_workers_one_gets_a_run(engine):
    run = await request_report(engine, now=NOW)
    claims = await asyncio.gather(*(claim(engine, run, worker=f"w{n}") for n in range(5)))
    winners = [won for won in claims if won is not None]
    assert len(winners) == 1
    assert (await now_of(engine, run)).worker == winners[0].worker


async def test_a_worker_whose_lease_ran_out_can_change_nothing_any_more(engine):
    run = await request_report(engine, now=NOW)
    late = await claim(engine, run, worker="late")
    taken = await take_back(engine, late)
    assert (taken.state, taken.epoch, taken.crashes, taken.worker) == ("queued", 1, 1, None)
    other = await claim(engine, taken, worker="other", now=LEASE + 1)

    assert not await apply(engine, run_lifecycle.heartbeat, late, LEASE * 2)
    assert not await apply(engine, run_lifecycle.progress, late, stage="x", share=1, now=NOW, lease_until=LEASE * 2)
    assert not await apply(engine, reports.finish_report, late, [FILE], NOW)
    assert not await apply(engine, run_lifecycle.fail, late, code="X", message="x", now=NOW, retry_at=None)
    assert not await apply(engine, run_lifecycle.release, late, NOW)
    facts = {"snapshot_id": None, "taken_at": NOW, "facts": {}, "code_sha": "x", "lease_until": LEASE}
    assert not await apply(engine, reports.note_snapshot, late, **facts)
    assert await now_of(engine, run) == other
    async with read_transaction(engine) as conn:
        assert (await reports.artifacts_by_run_ids(conn, [run.id]))[run.id] == []
    assert await apply(engine, reports.finish_report, other, [FILE], LEASE + 2)


async def test_a_sign_of_life_after_all_keeps_the_run(engine):
    run = await claim(engine, await request_report(engine, now=NOW))
    assert await apply(engine, run_lifecycle.heartbeat, run, LEASE * 2)
    assert await take_back(engine, run) is None
    assert (await now_of(engine, run)).state == "running"


async def test_expired_leases_are_found_and_live_ones_are_not(engine):
    silent = await claim(engine, await request_report(engine, now=NOW))
    await claim(engine, await request_report(engine, now=NOW), now=NOW + 60 * SECOND)
    async with read_transaction(engine) as conn:
        found = await runs.expired(conn, LEASE + 1)
    assert [run.id for run in found] == [silent.id]


async def test_a_run_that_crashes_two_workers_after_its_first_is_dead(engine):
    run = await request_report(engine, now=NOW)
    states = []
    for n in range(3):
        held = await claim(engine, run, now=NOW + n)
        run = await apply(engine, run_lifecycle.crash, held, now=NOW + n, retry_at=NOW + n, message="gone")
        states.append((run.state, run.crashes))
    assert states == [("queued", 1), ("queued", 2), ("dead", 3)]
    assert (run.error_code, run.finished_at) == ("WORKER_CRASHED", NOW + 2)


async def test_a_failure_that_may_pass_is_tried_again_until_no_try_is_left(engine):
    # Of a kind that nothing is registered for: what moves a run is in its row.
    job = runs.Job("export", max_attempts=2, max_crashes=1)
    run, _ = await apply(engine, run_lifecycle.enqueue, job, {}, requested_by="a test", now=NOW)
    held = await claim(engine, run)
    assert await apply(engine, run_lifecycle.fail, held, code="UNAVAILABLE", message="m", now=NOW, retry_at=NOW + 9)
    waiting = await now_of(engine, run)
    assert (waiting.state, waiting.epoch, waiting.available_at, waiting.error_code) == (
        "queued",
        1,
        NOW + 9,
        "UNAVAILABLE",
    )
    async with read_transaction(engine) as conn:
        assert await runs.due(conn, now=NOW + 8, stale_before=0) == []
        assert [one.id for one in await runs.due(conn, now=NOW + 9, stale_before=0)] == [run.id]
    held = await claim(engine, waiting, now=NOW + 9)
    assert held.error_code is None
    assert await apply(engine, run_lifecycle.fail, held, code="UNAVAILABLE", message="m", now=NOW, retry_at=NOW + 99)
    assert (await now_of(engine, run)).state == "dead"


async def test_a_failure_that_will_not_pass_is_dead_at_once(engine):
    held = await claim(engine, await request_report(engine, now=NOW))
    assert await apply(engine, run_lifecycle.fail, held, code="UNKNOWN_SYMBOL", message="no X", now=NOW, retry_at=None)
    dead = await now_of(engine, held)
    assert (dead.state, dead.error_code, dead.error_message, dead.attempts) == ("dead", "UNKNOWN_SYMBOL", "no X", 1)


async def test_a_run_given_back_is_at_hand_at_once_and_has_lost_no_try(engine):
    held = await claim(engine, await request_report(engine, now=NOW))
    assert await apply(engine, run_lifecycle.release, held, NOW + 3)
    back = await now_of(engine, held)
    assert (back.state, back.epoch, back.attempts, back.available_at, back.dispatched_at) == (
        "queued",
        1,
        0,
        NOW + 3,
        None,
    )


async def test_a_cancelled_run_is_nobodys_and_stays_cancelled(engine):
    held = await claim(engine, await request_report(engine, now=NOW))
    assert await apply(engine, run_lifecycle.cancel, held.id, NOW + 1)
    assert not await apply(engine, run_lifecycle.heartbeat, held, LEASE)
    assert not await apply(engine, reports.finish_report, held, [FILE], NOW + 2)
    assert not await apply(engine, run_lifecycle.cancel, held.id, NOW + 3)
    gone = await now_of(engine, held)
    assert (gone.state, gone.finished_at) == ("cancelled", NOW + 1)


async def test_a_queued_run_that_was_told_of_is_told_again_only_when_stale(engine):
    run = await request_report(engine, now=NOW)
    assert await apply(engine, run_lifecycle.mark_dispatched, run, NOW)
    async with read_transaction(engine) as conn:
        assert await runs.due(conn, now=NOW + SECOND, stale_before=NOW - 9 * SECOND) == []
        assert len(await runs.due(conn, now=NOW + 11 * SECOND, stale_before=NOW + SECOND)) == 1
    await claim(engine, run)
    assert not await apply(engine, run_lifecycle.mark_dispatched, run, NOW)


async def test_runs_are_listed_newest_first_by_the_page(engine):
    made = [await request_report(engine, now=NOW + n * SECOND) for n in range(5)]
    async with read_transaction(engine) as conn:
        first = await reports.reports_page(conn, first=2)
        second = await reports.reports_page(conn, first=2, after=first.items[-1].id)
        last = await reports.reports_page(conn, first=2, after=second.items[-1].id)
    listed = [run.id for page in (first, second, last) for run in page.items]
    assert listed == [run.id for run in reversed(made)]
    assert [(page.total, page.has_next, page.has_previous) for page in (first, second, last)] == [
        (5, True, False),
        (5, True, True),
        (5, False, True),
    ]


async def test_what_is_not_there_is_said_so(engine):
    async with read_transaction(engine) as conn:
        with pytest.raises(NotFoundError):
            await runs.run_by_id(conn, "none")
        with pytest.raises(NotFoundError):
            await reports.report_by_id(conn, "none")
        with pytest.raises(NotFoundError):
            await reports.artifact(conn, "none", "pdf")
        with pytest.raises(InvalidInputError):
            await reports.reports_page(conn, first=0)
    assert not await apply(engine, run_lifecycle.cancel, "none", NOW)


async def test_a_page_of_runs_does_not_read_what_their_reports_show(engine):
    statements = []
    sa.event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    async with read_transaction(engine) as conn:
        await reports.reports_page(conn)
    assert not any("snapshot_facts" in statement for statement in statements)
