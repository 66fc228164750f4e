"""Live events by real clients: in order, once, and resumed without a gap, on both engines."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from gql import GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError
from tests.factories.jobs.report_runs import FILE, request_report
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted
from tests.factories.web.application import client_of, gql_client, resources_over, served

from mktdash.domain.clock import to_micros
from mktdash.live.publish import notify
from mktdash.store.engine.session import write_transaction
from mktdash.store.jobs.reports import finish_report
from mktdash.store.jobs.run_lifecycle import cancel, claim
from mktdash.store.live.outbox import prune_events

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OBSERVATIONS = """subscription($symbols: [String!], $since: String) { observations(symbols: $symbols, since: $since) {
  cursor symbol source interval dataset dataVersion knownAt truncated retractedAsOf
  points { asOf value flags count } } }"""
RUN = """subscription($id: ID!, $since: String) { reportRun(id: $id, since: $since) {
  cursor run { runId state stage progress artifacts { format url } } } }"""


@pytest.fixture
async def address(engine, redis_url):
    async with served(resources_over(engine, redis_url=redis_url, clock=lambda: NOW)) as bound:
        yield bound


async def learn(engine, values, minute=0):
    """Ingest ``{symbol: {day: value}}`` as known at a minute of the day."""
    known_at = NOW + timedelta(minutes=minute)
    await ingest(engine, scripted(values, known_at), run_id=f"run {minute}")


def connection(address, **options):
    return gql_client(address, options)


async def take(stream, n):
    """The next ``n`` events, or a failure after a minute."""
    taken = []
    async with asyncio.timeout(60):
        async for event in stream:
            taken.append(event)
            if len(taken) == n:
                break
    return taken


def following(session, query, **variables):
    return aclosing(session.subscribe(GraphQLRequest(query, variable_values=variables)))


async def cursor_now(session):
    return (await session.execute(gql("{ serverInfo { cursor } }")))["serverInfo"]["cursor"]


async def test_new_revised_and_withdrawn_values_arrive_in_order(engine, address):
    await learn(engine, {"AAA": {1: 1.0, 2: 2.0}})
    async with connection(address) as session:
        since = await cursor_now(session)
        async with following(session, OBSERVATIONS, symbols=["AAA"], since=since) as stream:
            await learn(engine, {"AAA": {3: 3.0}, "BBB": {1: 9.0}}, minute=1)
            await learn(engine, {"AAA": {2: 2.5}}, minute=2)
            first, second = [one["observations"] for one in await take(stream, 2)]

    assert first["points"] == {"asOf": ["2020-01-04T00:00:00Z"], "value": [3.0], "flags": [[]], "count": 1}
    assert (first["symbol"], first["source"], first["dataset"], first["interval"]) == (
        "AAA",
        "scripted",
        "scripted-daily",
        "1d",
    )
    assert first["knownAt"] == "2026-03-01T00:01:00Z"
    assert second["points"]["value"] == [2.5]
    assert second["dataVersion"] == first["dataVersion"] + 1
    assert not second["truncated"]


async def test_a_wake_up_brings_an_event_without_waiting_for_the_poll(engine, address, redis_url):
    resources = resources_over(engine, redis_url=redis_url)
    await learn(engine, {"AAA": {1: 1.0}})
    async with (
        connection(address) as session,
        following(session, OBSERVATIONS, since=await cursor_now(session)) as stream,
    ):
        await learn(engine, {"AAA": {2: 2.0}}, minute=1)
        await notify(resources.redis, ["observations"])
        [event] = await take(stream, 1)
    await resources.redis.aclose()

    assert event["observations"]["points"]["value"] == [2.0]


async def test_resuming_brings_what_was_missed_once(engine, address):
    await learn(engine, {"AAA": {0: 0.0}})
    async with connection(address) as session:
        since = await cursor_now(session)
    for n in range(1, 6):
        await learn(engine, {"AAA": {n: float(n)}}, minute=n)

    values = []
    for _ in range(3):
        async with connection(address) as session, following(session, OBSERVATIONS, since=since) as stream:
            for event in await take(stream, 2 if len(values) < 4 else 1):
                values += event["observations"]["points"]["value"]
                since = event["observations"]["cursor"]

    assert values == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("since", "code"), [("nonsense", "BAD_INPUT"), ("another:5", "CURSOR_EXPIRED"), ("", "BAD_INPUT")]
)
async def test_a_cursor_that_is_none_is_an_error(address, since, code):
    async with connection(address) as session:
        with pytest.raises(TransportQueryError) as refused:
            async with following(session, OBSERVATIONS, since=since) as stream:
                await take(stream, 1)

    assert refused.value.errors[0]["extensions"]["code"] == code


async def test_a_cursor_whose_events_are_gone_has_expired(engine, address):
    await learn(engine, {"AAA": {0: 0.0}})
    async with connection(address) as session:
        since = await cursor_now(session)
        for n in range(1, 4):
            await learn(engine, {"AAA": {n: float(n)}}, minute=n)
        async with write_transaction(engine) as conn:
            assert await prune_events(conn, to_micros(NOW + timedelta(days=1))) == 2
        with pytest.raises(TransportQueryError) as refused:
            async with following(session, OBSERVATIONS, since=since) as stream:
                await take(stream, 1)

    assert refused.value.errors[0]["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_an_unknown_symbol_ends_the_stream_with_an_error(address):
    async with connection(address) as session:
        with pytest.raises(TransportQueryError) as refused:
            async with following(session, OBSERVATIONS, symbols=["NOPE"]) as stream:
                await take(stream, 1)

    assert refused.value.errors[0]["extensions"]["code"] == "UNKNOWN_SYMBOL"


async def test_a_report_run_is_followed_from_its_present_state_to_its_end(engine, address):
    run, now = await request_report(engine, now=to_micros(NOW)), to_micros(NOW)
    states = []
    async with connection(address) as session, following(session, RUN, id=run.id) as stream:
        states += [event["reportRun"]["run"]["state"] for event in await take(stream, 1)]
        async with write_transaction(engine) as conn:
            claimed = await claim(conn, run.id, 0, worker="w", now=now, lease_until=now + 10**7)
        states += [event["reportRun"]["run"]["state"] for event in await take(stream, 1)]
        async with write_transaction(engine) as conn:
            assert await finish_report(conn, claimed, [FILE], now)
        rest = [event["reportRun"]["run"] async for event in stream]

    assert states == ["QUEUED", "RUNNING"]
    assert [one["state"] for one in rest] == ["SUCCEEDED"]
    assert rest[0]["artifacts"] == [{"format": "CSV", "url": f"/api/reports/{run.id}/csv"}]


async def test_a_run_that_has_ended_is_told_once(engine, address):
    run = await request_report(engine, now=to_micros(NOW))
    async with write_transaction(engine) as conn:
        assert await cancel(conn, run.id, to_micros(NOW))
    async with connection(address) as session, following(session, RUN, id=run.id) as stream:
        told = [event["reportRun"]["run"]["state"] async for event in stream]

    assert told == ["CANCELLED"]


async def test_server_sent_events_carry_the_same(engine, address):
    await learn(engine, {"AAA": {1: 1.0}})
    async with client_of(address) as client:
        since = (await client.post("/graphql", json={"query": "{ serverInfo { cursor } }"})).json()
        since = since["data"]["serverInfo"]["cursor"]
        await learn(engine, {"AAA": {2: 2.0}}, minute=1)
        request = client.build_request(
            "POST",
            "/graphql",
            json={"query": OBSERVATIONS, "variables": {"since": since}},
            headers={"accept": "text/event-stream"},
        )
        response = await client.send(request, stream=True)
        lines = aiter(response.aiter_lines())
        async with asyncio.timeout(60):
            name, data = await anext(lines), await anext(lines)
        await response.aclose()

    assert response.headers["content-type"].startswith("text/event-stream")
    assert name == "event: next"
    payload = orjson.loads(data.removeprefix("data: "))
    assert payload["data"]["observations"]["points"]["value"] == [2.0]


async def test_a_query_goes_over_the_socket_too_and_a_mistake_does_not_end_it(engine, address):
    await learn(engine, {"AAA": {1: 1.0}})
    async with connection(address) as session:
        with pytest.raises(TransportQueryError):
            await session.execute(gql('query { series(symbol: "NOPE") { id } }'))
        data = await session.execute(gql('{ series(symbol: "AAA") { points { asOf value } } }'))

    assert data["series"]["points"] == {"asOf": ["2020-01-02T00:00:00Z"], "value": [1.0]}


async def test_a_subscription_by_plain_http_is_refused_with_a_hint(address):
    async with client_of(address) as client:
        response = await client.post("/graphql", json={"query": OBSERVATIONS})

    assert response.status_code == 400
    assert "text/event-stream" in response.json()["errors"][0]["message"]
