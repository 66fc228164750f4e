"""Errors say what is wrong, in code and in words, and nothing of the server's inside."""

import asyncio
import logging

import pytest
import strawberry
from tests.factories.web.application import resources_over, web_over

from mktdash.graphql.roots import Query
from mktdash.graphql.schema import MktdashSchema


@strawberry.type
class FaultyQuery(Query):
    """A query with a fault in it."""

    @strawberry.field
    def fault(self) -> int | None:
        """Fails in a way nobody expected."""
        raise RuntimeError("secret: SELECT * FROM api_token at /srv/mktdash")

    @strawberry.field
    async def sleep(self) -> int:
        """Takes a minute."""
        await asyncio.sleep(60)
        return 1


@pytest.fixture
async def web(ecb_engine):
    async with web_over(resources_over(ecb_engine)) as opened:
        yield opened


@pytest.fixture
async def plain(sqlite_engine):
    async with web_over(resources_over(sqlite_engine), MktdashSchema(FaultyQuery)) as opened:
        yield opened


@pytest.fixture
async def hurried(sqlite_engine):
    async with web_over(resources_over(sqlite_engine), MktdashSchema(FaultyQuery, seconds_to_answer=0.05)) as opened:
        yield opened


async def test_an_unknown_symbol_comes_with_suggestions(web):
    body = await web.ask('{ series(symbol: "EURUSDD") { id } }')

    assert body["data"] == {"series": None}
    [error] = body["errors"]
    assert error["extensions"]["code"] == "UNKNOWN_SYMBOL"
    assert "EURUSD" in error["extensions"]["suggestions"]
    assert error["extensions"]["retryable"] is False
    assert len(error["extensions"]["requestId"]) == 16
    assert error["path"] == ["series"]


@pytest.mark.parametrize(
    "arguments",
    [
        'symbol: "EURUSD", from: "2024-01-02T00:00:00Z", to: "2024-01-01T00:00:00Z"',
        'symbol: "EURUSD", from: "0001-01-02T00:00:00Z"',
        'symbol: "EURUSD", to: "9999-01-02T00:00:00Z"',
        'symbol: "EURUSD", asKnownAt: "2999-01-01T00:00:00Z"',
        'symbol: "EURUSD", maxPoints: 1',
        'symbol: "EURUSD", maxPoints: 100001',
        'symbol: "EURUSD", maxPoints: -5',
        'symbol: ""',
    ],
)
async def test_a_series_asked_for_in_a_way_that_makes_no_sense_is_bad_input(web, arguments):
    body = await web.ask(f"{{ series({arguments}) {{ id points {{ count }} }} viewer {{ role }} }}")

    assert body["data"] == {"series": None, "viewer": {"role": "ANONYMOUS"}}
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_INPUT"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('{ instruments(after: "nonsense") { totalCount } }', "BAD_INPUT"),
        ("{ instruments(first: 0) { totalCount } }", "BAD_INPUT"),
        ("{ instruments(first: 201) { totalCount } }", "BAD_INPUT"),
        ('{ reportRuns(after: "nonsense") { totalCount } }', "BAD_INPUT"),
        ('{ dataset(key: "nope") { id } }', "NOT_FOUND"),
        ('{ reportRun(id: "nope") { id } }', "NOT_FOUND"),
        ('{ series(symbol: "EURUSD", source: "nope") { id } }', "UNKNOWN_SYMBOL"),
        ('{ provenance(symbol: "EURUSD", asOf: "1999-01-02T13:15:00Z") { value } }', "NOT_FOUND"),
        ('{ instrument(symbol: "EURUSD") { series { recent(last: 100000) { count } } } }', "BAD_INPUT"),
    ],
)
async def test_each_failure_has_its_code(web, query, code):
    assert (await web.error(query))["extensions"]["code"] == code


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: Int!) { instruments(first: $a) { totalCount } }", {}, "BAD_INPUT"),
        ('query($a: DateTime) { series(symbol: "EURUSD", from: $a) { id } }', {"a": "yesterday"}, "BAD_INPUT"),
        ("query A { viewer { role } } query B { viewer { role } }", None, "BAD_INPUT"),
        ("{" + " ".join(f"a{n}: viewer {{ role }}" for n in range(100)) + "}", None, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "application/graphql-response+json"])
async def test_a_request_that_cannot_run_has_no_data(plain, query, variables, code, media_type):
    response = await plain.post(query, variables, accept=media_type)

    body = response.json()
    assert response.status_code == (200 if media_type == "application/json" else 400)
    assert response.headers["content-type"].startswith(media_type)
    assert "data" not in body
    assert 1 <= len(body["errors"]) <= 5
    assert body["errors"][0]["extensions"]["code"] == code


async def test_a_surprise_is_masked_outside_and_told_in_the_log(plain, caplog):
    with caplog.at_level(logging.ERROR):
        response = await plain.post("{ fault viewer { role } }")

    body = response.json()
    assert body["data"] == {"fault": None, "viewer": {"role": "ANONYMOUS"}}
    [error] = body["errors"]
    assert error["message"] == "internal error"
    assert error["extensions"]["code"] == "INTERNAL"
    assert "SELECT" not in response.text
    [record] = [one for one in caplog.records if error["extensions"]["requestId"] in one.getMessage()]
    assert "secret" in str(record.exc_info[1])
    assert response.headers["x-request-id"] == error["extensions"]["requestId"]


async def test_an_operation_that_takes_too_long_is_cut(hurried):
    response = await hurried.post("{ sleep }", accept="application/graphql-response+json")

    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"] == {
        "code": "TIMED_OUT",
        "retryable": True,
        "seconds": 0.05,
        "requestId": response.headers["x-request-id"],
    }


async def test_the_same_mistake_twice_carries_two_request_ids(plain):
    first, second = [(await plain.error("{ nope }"))["extensions"]["requestId"] for _ in range(2)]

    assert first != second


async def test_unused_parts_of_a_document_do_not_run(plain):
    response = await plain.client.post(
        "/graphql", json={"query": "query A { fault } query B { viewer { role } }", "operationName": "B"}
    )

    assert response.json() == {"data": {"viewer": {"role": "ANONYMOUS"}}}
