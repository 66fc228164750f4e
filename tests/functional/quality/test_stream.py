"""Verdicts and alerts followed live: in order, once, and resumed without a gap, on both engines."""

import pytest
from gql import gql
from gql.transport.exceptions import TransportQueryError
from sqlalchemy import insert
from tests.factories.quality import at
from tests.factories.web.application import resources_over, served
from tests.functional.live.test_subscriptions import connection, cursor_now, following, take

from mktdash.domain.clock import MICROS_PER_SECOND, iso, to_micros
from mktdash.store.engine.session import write_transaction
from mktdash.store.quality.alerts import acknowledge, alerts, annotate
from mktdash.store.quality.verdicts import NewDqResult, save_results
from mktdash.store.tables.market import Dataset

NOW = to_micros(at("2026-03-01T00:00"))
QUALITY = """subscription($dataset: String, $since: String) { quality(dataset: $dataset, since: $since) {
  cursor change dataset metric previous status summary at
  alert { status worst acknowledgedBy note closedAt } } }"""


@pytest.fixture
async def address(engine):
    for key in ("first", "second"):
        async with write_transaction(engine) as conn:
            await conn.execute(
                insert(Dataset).values(
                    key=key,
                    title=key,
                    source="test",
                    calendar="TARGET",
                    timezone="Europe/Berlin",
                    fixing_time="14:15",
                    publish_delay_s=0,
                    grace_s=0,
                    licence="",
                    simulated=False,
                    version=0,
                )
            )
    async with served(resources_over(engine, clock=lambda: at("2026-03-01T00:00"))) as bound:
        yield bound


async def judge(engine, status, second=0, dataset="first"):
    """Store a verdict on freshness as of a second of the day."""
    result = NewDqResult(
        dataset=dataset,
        metric="freshness",
        status=status,
        value=1.0,
        unit="sessions late",
        warn=1,
        fail=2,
        summary=f"it is {status}",
        evidence={},
        window_end=NOW,
        dataset_version=1,
        calm=status == "PASS",
    )
    async with write_transaction(engine) as conn:
        await save_results(conn, [result], run_at=NOW + second * MICROS_PER_SECOND, code_sha="test")


def described(events):
    return [(one["quality"]["change"], one["quality"]["previous"], one["quality"]["status"]) for one in events]


async def test_verdicts_that_turn_and_their_alerts_arrive_in_order(engine, address):
    async with connection(address) as session:
        since = await cursor_now(session)
        async with following(session, QUALITY, since=since) as stream:
            for second, status in enumerate(("PASS", "PASS", "WARN", "FAIL", "PASS")):
                await judge(engine, status, second)
            events = await take(stream, 7)

    assert described(events) == [
        ("VERDICT", None, "PASS"),
        ("VERDICT", "PASS", "WARN"),
        ("ALERT_OPENED", None, "WARN"),
        ("VERDICT", "WARN", "FAIL"),
        ("ALERT_CHANGED", "WARN", "FAIL"),
        ("VERDICT", "FAIL", "PASS"),
        ("ALERT_CLOSED", "FAIL", "PASS"),
    ]
    last = events[-1]["quality"]
    assert (last["dataset"], last["metric"], last["summary"]) == ("first", "freshness", "it is PASS")
    assert last["at"] == last["alert"]["closedAt"] == iso(NOW + 4 * MICROS_PER_SECOND)
    assert last["alert"]["worst"] == "FAIL"
    assert events[0]["quality"]["alert"] is None


async def test_what_operators_say_is_told_with_the_alert(engine, address):
    await judge(engine, "FAIL")
    async with connection(address) as session:
        since = await cursor_now(session)
        async with following(session, QUALITY, since=since) as stream:
            async with write_transaction(engine) as conn:
                [alert] = await alerts(conn)
                await acknowledge(conn, alert.id, by="ada", now=NOW)
            [seen] = await take(stream, 1)
            async with write_transaction(engine) as conn:
                await annotate(conn, alert.id, by="ada", note="asked the bank", now=NOW)
            [noted] = await take(stream, 1)

    assert described([seen, noted]) == [("ALERT_ACKNOWLEDGED", "FAIL", "FAIL"), ("ALERT_ANNOTATED", "FAIL", "FAIL")]
    assert seen["quality"]["alert"]["acknowledgedBy"] == "ada"
    assert noted["quality"]["alert"]["note"] == "asked the bank"


async def test_one_dataset_may_be_followed_alone(engine, address):
    async with connection(address) as session:
        since = await cursor_now(session)
        await judge(engine, "PASS", dataset="first")
        await judge(engine, "PASS", dataset="second")
        async with following(session, QUALITY, since=since, dataset="second") as stream:
            [event] = await take(stream, 1)

    assert event["quality"]["dataset"] == "second"


async def test_resuming_brings_what_was_missed_once(engine, address):
    async with connection(address) as session:
        since = await cursor_now(session)
    for second, status in enumerate(("PASS", "WARN", "PASS")):
        await judge(engine, status, second)

    found = []
    for n in (2, 2, 1):
        async with connection(address) as session, following(session, QUALITY, since=since) as stream:
            events = await take(stream, n)
            found += described(events)
            since = events[-1]["quality"]["cursor"]

    assert found == [
        ("VERDICT", None, "PASS"),
        ("VERDICT", "PASS", "WARN"),
        ("ALERT_OPENED", None, "WARN"),
        ("VERDICT", "WARN", "PASS"),
        ("ALERT_CLOSED", "WARN", "PASS"),
    ]


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"since": "nonsense"}, "BAD_INPUT"),
        ({"since": "another:5"}, "CURSOR_EXPIRED"),
        ({"dataset": "none"}, "NOT_FOUND"),
        ({"dataset": ""}, "BAD_INPUT"),
    ],
)
async def test_a_wrong_cursor_or_dataset_ends_the_stream_with_an_error(address, variables, code):
    async with connection(address) as session:
        with pytest.raises(TransportQueryError) as refused:
            async with following(session, QUALITY, **variables) as stream:
                await take(stream, 1)

    assert refused.value.errors[0]["extensions"]["code"] == code


async def test_nobody_known_answers_no_alert_over_a_socket_either(engine, address):
    await judge(engine, "WARN")
    async with write_transaction(engine) as conn:
        [alert] = await alerts(conn)
    async with connection(address) as session:
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(gql(f'mutation {{ acknowledgeAlert(id: "{alert.id}") {{ __typename }} }}'))

    assert refused.value.errors[0]["extensions"]["code"] == "UNAUTHENTICATED"
