"""Clients that nobody here wrote: queries, mutations with typed errors, errors with codes, streams that resume."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted
from tests.factories.web.application import gql_client, resources_over, served

from mktdash.reports.catalogue import TEMPLATES
from mktdash.security.tokens import create_token

NOW = datetime(2026, 3, 1, tzinfo=UTC)
READ = '{ viewer { role } series(symbol: "AAA") { points { value count } } }'
FAULT = '{ series(symbol: "NOPE") { id } viewer { role } }'
REQUEST = """mutation($input: RequestReportInput!) { requestReport(input: $input) { __typename
  ... on ReportRun { runId state } ... on UnknownTemplate { template known }
  ... on InvalidParameters { problems { path message } } } }"""
FOLLOW = """subscription($symbols: [String!], $since: String) {
  observations(symbols: $symbols, since: $since) { cursor symbol points { asOf value count } } }"""
ANSWER = {"viewer": {"role": "ANALYST"}, "series": {"points": {"value": [1.0, 2.0, 3.0, 4.0], "count": 4}}}


async def learn(engine, day):
    """A value for one more day."""
    known_at = NOW + timedelta(minutes=day)
    await ingest(engine, scripted({"AAA": {day: float(day)}}, known_at), run_id=f"run {day}")


@pytest.fixture
async def address(sqlite_engine):
    async with served(resources_over(sqlite_engine, clock=lambda: NOW)) as bound:
        yield bound


@pytest.fixture
async def token(sqlite_engine):
    return await create_token(sqlite_engine, name="a client", role="analyst", clock=lambda: NOW)


def over_http(address, **options):
    """Without the client's own deadlines, as :func:`gql_client` is."""
    return HTTPXAsyncTransport(f"http://{address}/graphql", timeout=600, **options)


@pytest.fixture
async def since(sqlite_engine, address):
    """The cursor after the first of four values."""
    await learn(sqlite_engine, 1)
    async with Client(transport=over_http(address), execute_timeout=None) as session:
        cursor = (await session.execute(gql("{ serverInfo { cursor } }")))["serverInfo"]["cursor"]
    for day in (2, 3, 4):
        await learn(sqlite_engine, day)
    return cursor


def code_of(answer):
    """The one error's code, of an answer or of a refusal."""
    [error] = answer["errors"]
    return error["extensions"]["code"]


def agree(answers):
    """What every client of Node must have been told, whatever its transport."""
    assert answers["query"]["data"] == ANSWER
    assert answers["fault"]["data"] == {"series": None, "viewer": {"role": "ANALYST"}}
    assert code_of(answers["fault"]) == "UNKNOWN_SYMBOL"
    made = answers["mutation"]["data"]["requestReport"]
    assert (made["__typename"], made["state"]) == ("ReportRun", "QUEUED")
    wrong = answers["wrongMutation"]["data"]["requestReport"]
    assert wrong == {
        "__typename": "UnknownTemplate",
        "template": "no-such-template",
        "known": [one.name for one in TEMPLATES],
    }
    events = answers["first"] + answers["rest"]
    assert [one["points"]["value"] for one in events] == [[2.0], [3.0], [4.0]]
    assert {one["symbol"] for one in events} == {"AAA"}


async def test_graphql_ws(address, token, since, run_script):
    answers = await run_script("graphql-ws.mjs", address, token, since)

    agree(answers)
    assert code_of(answers["invalid"]) == "GRAPHQL_VALIDATION_FAILED"
    assert code_of(answers["unparsed"]) == "GRAPHQL_PARSE_FAILED"
    assert code_of(answers["badCursor"]) == "BAD_INPUT"
    assert answers["refused"]["code"] == 4403


async def test_graphql_sse(address, token, since, run_script):
    answers = await run_script("graphql-sse.mjs", address, token, since)

    agree(answers)
    assert code_of(answers["invalid"]["result"]) == "GRAPHQL_VALIDATION_FAILED"
    assert code_of(answers["unparsed"]["result"]) == "GRAPHQL_PARSE_FAILED"
    assert code_of(answers["badCursor"]["result"]) == "BAD_INPUT"
    assert answers["refused"] == {"name": "NetworkError", "status": 401}


async def test_urql(address, token, since, run_script):
    answers = await run_script("urql.mjs", address, token, since)

    agree(answers)
    assert answers["queryByGet"]["data"] == ANSWER
    assert code_of(answers["invalid"]) == "GRAPHQL_VALIDATION_FAILED"
    assert answers["refused"]["status"] == 401


@pytest.fixture(params=["http", "websocket"])
async def session(request, address, token):
    authorization = {"authorization": f"Bearer {token}"}
    client = (
        Client(
            transport=over_http(address, headers=authorization), fetch_schema_from_transport=True, execute_timeout=None
        )
        if request.param == "http"
        else gql_client(address, {"init_payload": authorization}, fetch_schema_from_transport=True)
    )
    async with client as opened:
        yield opened


async def test_gql_reads_and_knows_the_schema(session, since):
    assert since
    assert await session.execute(gql(READ)) == ANSWER
    assert session.client.schema.get_type("Series") is not None


async def test_gql_is_told_what_went_wrong(session):
    with pytest.raises(TransportQueryError) as told:
        await session.execute(gql(FAULT))

    assert told.value.data == {"series": None, "viewer": {"role": "ANALYST"}}
    assert [error["extensions"]["code"] for error in told.value.errors] == ["UNKNOWN_SYMBOL"]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"template": "market-summary"}, "ReportRun"),
        ({"template": "no-such-template"}, "UnknownTemplate"),
        ({"template": "market-summary", "parameters": {"nope": 1}}, "InvalidParameters"),
    ],
)
async def test_gql_gets_typed_answers_of_mutations(session, asked, kind):
    answer = await session.execute(GraphQLRequest(REQUEST, variable_values={"input": asked}))

    assert answer["requestReport"]["__typename"] == kind


async def test_gql_goes_on_where_it_stopped(address, token, since):
    values, cursor = [], since
    for _ in range(3):
        request = GraphQLRequest(FOLLOW, variable_values={"symbols": ["AAA"], "since": cursor})
        async with (
            asyncio.timeout(60),
            gql_client(address, {"init_payload": {"authorization": f"Bearer {token}"}}) as session,
            aclosing(session.subscribe(request)) as stream,
        ):
            event = (await anext(stream))["observations"]
            values += event["points"]["value"]
            cursor = event["cursor"]

    assert values == [2.0, 3.0, 4.0]
