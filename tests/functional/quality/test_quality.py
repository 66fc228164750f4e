"""Quality runs on a real store: the whole ECB history, on each engine."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.factories.quality import at

from mktdash.domain.clock import Clock, to_micros
from mktdash.quality import runner
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Status
from mktdash.quality.expected.missing_sessions import Reason
from mktdash.quality.overview import overall
from mktdash.quality.runner import missing_sessions, run_quality
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.live.outbox import events_after
from mktdash.store.quality.verdicts import history, latest_results
from mktdash.store.tables.market import Dataset

ECB = "ecb-reference-rates"
# The recorded history ends on Friday 2026-10-30.
FRESH = at("2026-10-30T20:00")
LATE = at("2026-11-23T06:42")


def clock(now: datetime) -> Clock:
    return lambda: now


async def judged(engine: AsyncEngine, now: datetime, **more: Any) -> dict[str, CheckResult]:
    (run,) = await run_quality(engine, clock=clock(now), code_sha="abc123", datasets=[ECB], **more)
    return {result.metric: result for result in run.results}


async def add_dataset(engine: AsyncEngine, key: str, **changes: object) -> None:
    fields: dict[str, object] = {
        "key": key,
        "title": key,
        "source": "test",
        "calendar": "TARGET",
        "timezone": "Europe/Berlin",
        "fixing_time": "14:15",
        "publish_delay_s": 0,
        "grace_s": 0,
        "licence": "",
        "simulated": False,
        "version": 0,
    }
    async with write_transaction(engine) as conn:
        await conn.execute(insert(Dataset).values(**(fields | changes)))


async def test_on_its_last_day_the_recorded_history_is_fresh_and_complete(ecb_engine: AsyncEngine) -> None:
    results = await judged(ecb_engine, FRESH)

    assert results["freshness"].status is Status.PASS
    assert (results["completeness"].value, results["completeness30"].value) == (1.0, 1.0)
    # 29 currencies are quoted; 12 have joined the euro, been replaced, or are suspended.
    assert results["freshness"].evidence["series"] == 29
    assert results["freshness"].evidence["no_longer_quoted"]["EURHRK"] == "2022-12-30"
    assert results["freshness"].evidence["no_longer_quoted"]["EURBGN"] == "2025-12-31"


async def test_three_weeks_on_it_says_how_late_it_is_and_why_each_session_is_missing(ecb_engine: AsyncEngine) -> None:
    results = await judged(ecb_engine, LATE)

    assert results["freshness"].status is Status.FAIL
    assert results["freshness"].summary == "15 sessions late: newest is 2026-10-30, expected 2026-11-20"
    assert results["completeness"].status is Status.FAIL
    assert results["completeness30"].evidence["reasons"] == {"NEVER_FETCHED": 15 * 29}
    async with read_transaction(ecb_engine) as conn:
        missing = await missing_sessions(conn, await dataset_by_key(conn, ECB), LATE, 30)
        short = await missing_sessions(conn, await dataset_by_key(conn, ECB), LATE, 7)
    assert (missing[0].session, missing[0].reason) == ("2026-11-23", Reason.NOT_YET_DUE)
    assert sum(one.reason is Reason.NEVER_FETCHED for one in missing) == 15 * 29
    assert {one.session for one in short} == {f"2026-11-{day}" for day in (17, 18, 19, 20, 23)}


async def test_since_tells_when_the_status_began_and_a_turn_is_an_event(ecb_engine: AsyncEngine) -> None:
    monday, tuesday, wednesday = at("2026-11-02T20:00"), at("2026-11-03T20:00"), at("2026-11-04T20:00")
    for now in (FRESH, monday, tuesday, wednesday):
        await judged(ecb_engine, now)

    async with read_transaction(ecb_engine) as conn:
        newest = (await latest_results(conn, ECB))[ECB]["freshness"]
        stored = await history(conn, ECB, "freshness", 10)
        events = await events_after(conn, "quality", 0, keys=[ECB])

    assert (newest.status, newest.since, newest.run_at) == ("FAIL", to_micros(tuesday), to_micros(wednesday))
    assert [(row.status, row.value) for row in stored] == [("FAIL", 3), ("FAIL", 2), ("WARN", 1), ("PASS", 0)]
    told = [event.payload for event in events if event.payload["metric"] == "freshness"]
    turns = [payload for payload in told if "action" not in payload]
    assert [(turn["previous"], turn["status"]) for turn in turns] == [
        (None, "PASS"),
        ("PASS", "WARN"),
        ("WARN", "FAIL"),
    ]


async def test_a_verdict_that_says_the_same_renews_its_row(ecb_engine: AsyncEngine) -> None:
    for minute in (0, 1, 2):
        await judged(ecb_engine, at(f"2026-10-30T20:0{minute}"))

    async with read_transaction(ecb_engine) as conn:
        stored = await history(conn, ECB, "completeness", 10)

    assert [(row.since, row.run_at) for row in stored] == [(to_micros(FRESH), to_micros(at("2026-10-30T20:02")))]


async def test_an_older_run_does_not_overwrite_a_newer_one(ecb_engine: AsyncEngine) -> None:
    await judged(ecb_engine, LATE)
    await judged(ecb_engine, FRESH)

    async with read_transaction(ecb_engine) as conn:
        assert (await latest_results(conn, ECB))[ECB]["freshness"].status == "FAIL"


async def test_the_same_version_and_clock_give_the_same_verdicts_whatever_was_touched(ecb_engine: AsyncEngine) -> None:
    async with read_transaction(ecb_engine) as conn:
        one = (await series_of_dataset(conn, ECB))[5].id

    full = await judged(ecb_engine, LATE)
    again = await judged(ecb_engine, LATE)
    partly = await judged(ecb_engine, LATE, series_ids=[one])

    assert full == again == partly
    async with read_transaction(ecb_engine) as conn:
        stored = (await latest_results(conn, ECB))[ECB].values()
        version = (await dataset_by_key(conn, ECB)).version
    assert {(row.dataset_version, row.code_sha) for row in stored} == {(version, "abc123")}


async def test_findings_made_before_another_session_fell_due_are_not_reused(ecb_engine: AsyncEngine) -> None:
    await judged(ecb_engine, FRESH)

    results = await judged(ecb_engine, LATE, series_ids=[])

    assert results["completeness"].value == 0.0


class _Broken:
    """A check with a defect that only one dataset shows."""

    spec = CheckSpec("freshness", "Broken", "x")

    def judge(self, context: CheckContext) -> CheckResult:
        if context.dataset.key == "broken":
            raise ZeroDivisionError("no such thing")
        return runner.unknown(self.spec, context, "fine")


async def test_a_crash_in_one_dataset_is_unknown_there_and_does_not_stop_the_others(
    ecb_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_dataset(ecb_engine, "broken")
    monkeypatch.setattr(runner, "DATASET_CHECKS", (_Broken(),))

    runs = await run_quality(ecb_engine, clock=clock(FRESH), code_sha="abc123")

    verdicts = {run.dataset: {result.metric: result for result in run.results} for run in runs}
    assert verdicts["broken"]["freshness"].summary == "the check failed: ZeroDivisionError"
    assert verdicts["broken"]["freshness"].status is Status.UNKNOWN
    assert verdicts[ECB]["freshness"].summary == "fine"
    assert verdicts[ECB]["completeness"].status is Status.PASS


async def test_datasets_without_schedule_or_data_are_unknown_and_break_nothing(ecb_engine: AsyncEngine) -> None:
    await add_dataset(ecb_engine, "no-schedule", calendar="")
    await add_dataset(ecb_engine, "no-zone", timezone="Nowhere/Land")
    await add_dataset(ecb_engine, "empty")

    runs = await run_quality(ecb_engine, clock=clock(FRESH), code_sha="abc123")

    statuses = {run.dataset: {result.metric: result.status for result in run.results} for run in runs}
    for key in ("no-schedule", "no-zone", "empty"):
        assert statuses[key]["freshness"] is Status.UNKNOWN
        assert statuses[key]["completeness"] is Status.UNKNOWN
    assert statuses[ECB]["freshness"] is Status.PASS


async def test_the_overview_shows_the_worst_first_and_old_verdicts_are_not_trusted(ecb_engine: AsyncEngine) -> None:
    await judged(ecb_engine, FRESH)
    async with read_transaction(ecb_engine) as conn:
        good = await overall(conn, FRESH)
        stopped = await overall(conn, at("2026-10-31T20:00"))
    await judged(ecb_engine, LATE)
    async with read_transaction(ecb_engine) as conn:
        bad = await overall(conn, LATE)

    assert (good["datasets"][0]["freshness"]["status"], good["datasets"][0]["stale"]) == ("PASS", False)
    assert (stopped["status"], stopped["datasets"][0]["stale"]) == ("UNKNOWN", True)
    assert bad["status"] == "FAIL"
    shown = bad["datasets"][0]["freshness"]
    assert (shown["value"], shown["warn"], shown["fail"], shown["since"]) == (15, 1, 2, "2026-11-23T06:42:00Z")


async def test_a_store_without_datasets_is_unknown(engine: AsyncEngine) -> None:
    runs: Sequence[runner.DatasetRun] = await run_quality(engine, clock=clock(FRESH), code_sha="abc123")

    async with read_transaction(engine) as conn:
        assert (await overall(conn, FRESH))["status"] == "UNKNOWN"
    assert runs == []


async def test_a_source_that_was_asked_in_vain_shows_it_beside_the_verdict(ecb_engine: AsyncEngine) -> None:
    async with write_transaction(ecb_engine) as conn:
        await conn.execute(update(Dataset).values(last_error="timed out", checked_at=to_micros(LATE)))

    results = await judged(ecb_engine, datetime(2026, 11, 23, 7, 42, tzinfo=UTC))

    assert results["freshness"].evidence["pipeline"]["last_error"] == "timed out"
    assert results["freshness"].evidence["pipeline"]["age_s"] == 3600
