"""Quality of a market that ticks every five seconds: counted by the hour, and silent while all is well."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from tests.factories.quality import at
from tests.factories.sources.ingesting import ingest

from mktdash.providers.base import Window
from mktdash.providers.sim.client import SimProvider
from mktdash.quality.base import NOTHING, CheckResult, Status
from mktdash.quality.expected.missing_sessions import Reason
from mktdash.quality.runner import missing_sessions, run_quality
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.engine.session import read_transaction

SIM = "sim-ticks"
BEGIN = at("2026-11-20T08:30:02")


async def tick(engine: AsyncEngine, now: datetime) -> None:
    provider = SimProvider(seed=7)
    async for payload in provider.fetch(None, Window(), lambda: now):  # type: ignore[arg-type]
        await ingest(engine, payload, provider, now=now)


async def judged(engine: AsyncEngine, now: datetime, series_ids: list[int] | None = None) -> dict[str, CheckResult]:
    (run,) = await run_quality(engine, clock=lambda: now, code_sha="abc123", series_ids=series_ids)
    return {result.metric: result for result in run.results}


async def test_a_market_that_ticks_all_the_time_raises_no_alarm(engine: AsyncEngine) -> None:
    now = BEGIN
    for _ in range(5):
        await tick(engine, now)
        results = await judged(engine, now + timedelta(seconds=3))
        assert {name: result.status for name, result in results.items() if not result.evidence.get(NOTHING)} == {
            name: Status.PASS for name, result in results.items() if not result.evidence.get(NOTHING)
        }
        now += timedelta(minutes=40)

    # From 07:30 on by its own hour of history: 8, 9 and 10 o'clock are whole and due.
    assert results["completeness"].evidence["expected"] == 3 * 3 * 720


async def test_a_run_after_a_tick_says_what_a_full_run_says(engine: AsyncEngine) -> None:
    await tick(engine, BEGIN)
    await judged(engine, BEGIN)
    later = BEGIN + timedelta(seconds=10)
    await tick(engine, later)

    partly = await judged(engine, later, series_ids=[1, 2, 3])

    assert partly == await judged(engine, later)


async def test_a_market_that_stops_is_told_within_minutes_and_its_gap_explained(engine: AsyncEngine) -> None:
    await tick(engine, BEGIN)
    stopped = {
        seconds: (await judged(engine, BEGIN + timedelta(seconds=seconds)))["freshness"].status
        for seconds in (60, 150, 400)
    }
    morning = BEGIN + timedelta(hours=3)
    await tick(engine, morning)

    async with read_transaction(engine) as conn:
        missing = await missing_sessions(conn, await dataset_by_key(conn, SIM), morning, 7)

    assert stopped == {60: Status.PASS, 150: Status.WARN, 400: Status.FAIL}
    assert (await judged(engine, morning))["completeness"].status is Status.FAIL
    assert {one.session for one in missing if one.reason is Reason.NEVER_FETCHED} == {"2026-11-20T09:00:00Z"}
    assert {one.session for one in missing if one.reason is Reason.PROVIDER_GAP} == {
        "2026-11-20T08:00:00Z",
        "2026-11-20T10:00:00Z",
    }
