"""Alerts open and close with verdicts; what operators say of them is kept, and a WARN never hides a FAIL."""

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.factories.quality import at

from mktdash.domain.clock import to_micros
from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.quality.overview import overall
from mktdash.quality.runner import run_quality
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.live.outbox import events_after
from mktdash.store.quality.alerts import AlertRow, acknowledge, alert_by_id, alerts, annotate, mute
from mktdash.store.quality.verdicts import NewDqResult, save_results
from mktdash.store.tables import metadata

ECB = "ecb-reference-rates"
FRESH, ONE_LATE, TWO_LATE = at("2026-10-30T20:00"), at("2026-11-02T20:00"), at("2026-11-03T20:00")


async def freshness_alert(engine: AsyncEngine, now: object) -> AlertRow | None:
    await run_quality(engine, clock=lambda: now, code_sha="abc123")  # type: ignore[arg-type,return-value]
    async with read_transaction(engine) as conn:
        return next((alert for alert in await alerts(conn) if alert.metric == "freshness"), None)


async def test_an_alert_opens_with_the_first_bad_verdict_and_follows_it(ecb_engine: AsyncEngine) -> None:
    assert await freshness_alert(ecb_engine, FRESH) is None

    opened = await freshness_alert(ecb_engine, ONE_LATE)
    worse = await freshness_alert(ecb_engine, TWO_LATE)

    assert opened is not None
    assert worse is not None
    assert (opened.id, opened.status, opened.opened_at) == (worse.id, "WARN", to_micros(ONE_LATE))
    assert (worse.status, worse.worst, worse.opened_at) == ("FAIL", "FAIL", to_micros(ONE_LATE))
    assert worse.summary.startswith("2 sessions late")


async def test_an_acknowledged_warning_speaks_up_again_when_it_fails(ecb_engine: AsyncEngine) -> None:
    opened = await freshness_alert(ecb_engine, ONE_LATE)
    assert opened is not None
    async with write_transaction(ecb_engine) as conn:
        await acknowledge(conn, opened.id, by="ada", now=to_micros(ONE_LATE), note="holiday at the printer's")
        muted = await mute(conn, opened.id, by="ada", until=to_micros(at("2026-12-01T00:00")), now=to_micros(ONE_LATE))
    assert muted.quiet_at(to_micros(TWO_LATE))

    worse = await freshness_alert(ecb_engine, TWO_LATE)

    assert worse is not None
    assert (worse.acknowledged_at, worse.muted_until) == (None, None)
    assert not worse.quiet_at(to_micros(TWO_LATE))
    assert worse.note == "holiday at the printer's"


async def test_a_quiet_alert_does_not_change_the_status_shown(ecb_engine: AsyncEngine) -> None:
    opened = await freshness_alert(ecb_engine, TWO_LATE)
    assert opened is not None
    async with write_transaction(ecb_engine) as conn:
        await acknowledge(conn, opened.id, by="ada", now=to_micros(TWO_LATE))

    async with read_transaction(ecb_engine) as conn:
        shown = await overall(conn, TWO_LATE)

    assert shown["status"] == "FAIL"
    (alert,) = [alert for alert in shown["datasets"][0]["alerts"] if alert["metric"] == "freshness"]
    assert (alert["quiet"], alert["acknowledgedBy"]) == (True, "ada")


async def test_what_operators_say_is_in_the_audit_log_and_told_to_subscribers(ecb_engine: AsyncEngine) -> None:
    opened = await freshness_alert(ecb_engine, TWO_LATE)
    assert opened is not None
    async with write_transaction(ecb_engine) as conn:
        await acknowledge(conn, opened.id, by="ada", now=to_micros(TWO_LATE))
        await annotate(conn, opened.id, by="ben", note="asked the bank", now=to_micros(TWO_LATE))

    async with read_transaction(ecb_engine) as conn:
        audit = metadata.tables["audit_event"]
        log = (await conn.execute(select(audit.c.principal, audit.c.action, audit.c.target).order_by(audit.c.id))).all()
        events = await events_after(conn, "quality", 0, keys=[ECB])

    target = f"alert:{opened.id}"
    assert [tuple(row) for row in log] == [("ada", "alert.acknowledge", target), ("ben", "alert.note", target)]
    about = [event.payload for event in events if event.payload.get("alert") == opened.id]
    assert [(payload["action"], payload["status"]) for payload in about] == [
        ("alert.open", "FAIL"),
        ("alert.acknowledge", "FAIL"),
        ("alert.note", "FAIL"),
    ]


async def test_an_alert_closes_with_the_first_good_verdict_and_takes_no_more_answers(ecb_engine: AsyncEngine) -> None:
    opened = await freshness_alert(ecb_engine, ONE_LATE)
    assert opened is not None
    good = NewDqResult(
        dataset=ECB,
        metric="freshness",
        status="PASS",
        value=0.0,
        unit="sessions late",
        warn=1,
        fail=2,
        summary="up to date",
        evidence={},
        window_end=to_micros(TWO_LATE),
        dataset_version=2,
    )
    async with write_transaction(ecb_engine) as conn:
        await save_results(conn, [good], run_at=to_micros(TWO_LATE), code_sha="abc123")

    async with write_transaction(ecb_engine) as conn:
        closed = await alert_by_id(conn, opened.id)
        with pytest.raises(InvalidInputError):
            await annotate(conn, opened.id, by="ada", note="too late", now=to_micros(TWO_LATE))
    async with read_transaction(ecb_engine) as conn:
        assert opened.id in {alert.id for alert in await alerts(conn, ECB, closed=True)}
        assert opened.id not in {alert.id for alert in await alerts(conn, ECB)}
    assert (closed.status, closed.worst, closed.closed_at) == ("PASS", "WARN", to_micros(TWO_LATE))


async def test_answers_that_make_no_sense_are_refused(ecb_engine: AsyncEngine) -> None:
    async with write_transaction(ecb_engine) as conn:
        with pytest.raises(NotFoundError):
            await alert_by_id(conn, 10_000)
        with pytest.raises(InvalidInputError):
            await mute(conn, 1, by="ada", until=0, now=1)
        with pytest.raises(InvalidInputError):
            await annotate(conn, 1, by="ada", note="x" * 2001, now=1)
