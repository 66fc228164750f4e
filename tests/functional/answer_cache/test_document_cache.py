"""What people's clients send is kept: each document whose dependence is known, whichever way it was executed."""

import json
import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from ops.load.clients import CLIENTS, pages_own
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted
from tests.factories.web.application import resources_over, web_over

from mktdash.graphql.documents.trusted import document_id

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WATCHLIST = """query Watchlist($first: Int!, $thin: Boolean = false) { instruments(first: $first) { totalCount
  edges { node { ...Row } } } }
  fragment Row on Instrument { id symbol name @skip(if: $thin) series { quality latest { value change } } }"""
DOCUMENTS = {
    "datasets": ("{ datasets { key title } }", {}),
    "series": (
        "query S($s: String!) { series(symbol: $s) { unit { name } latest { value } points { asOf value } } }",
        {"s": "AAA"},
    ),
    "window": (
        'query W($f: DateTime) { series(symbol: "AAA", from: $f, maxPoints: 2) { points { value } } }',
        {"f": "2020-01-02T00:00:00Z"},
    ),
    "watchlist": (WATCHLIST, {"first": 50}),
    "thin watchlist": (WATCHLIST, {"first": 50, "thin": True}),
    "include": ("query ($a: Boolean!) { datasets { key title @include(if: $a) } }", {"a": True}),
    "fragment on Node": ("{ instruments { edges { node { ... on Node { id } ... on Instrument { name } } } } }", {}),
    "provenance": (
        'query P($at: DateTime!) { provenance(symbol: "AAA", asOf: $at) { value batch { runId raw { sha256 } } } }',
        {"at": "2020-01-01T00:00:00Z"},
    ),
    "revisions": ('{ revisions(symbol: "AAA") { edges { node { oldValue newValue } } } }', {}),
    "reports": ("{ reportRuns { totalCount edges { node { runId } } } reportTemplates { name } }", {}),
}
# Of the process and of whoever asks; what is missing depends on the clock; one run needs an id.
NEVER_KEPT = {"Heartbeat", "Session", "SeriesQuality", "Datasets", "ReportRun"}
OF_THE_PAGE = {name: text for name, text in pages_own().items() if text.startswith("query") and name not in NEVER_KEPT}
VALUES = {"symbol": "AAA", "asOf": "2020-01-01T00:00:00Z", "first": 20}
REQUIRED = re.compile(r"\$(\w+):[\w\[\]!]+!(?=[$)])")


@pytest.fixture
async def web(engine):
    await ingest(engine, scripted({"AAA": {0: 1.0, 1: 2.0, 2: 4.0}, "BBB": {0: 3.0}}, NOW))
    async with web_over(resources_over(engine)) as opened:
        yield opened


def headers_of(asked):
    return {name.replace("_", "-"): value for name, value in asked.items()}


async def kept(web, body, **headers):
    """Whether a request without errors was answered by what was kept."""
    response = await web.client.post("/graphql", json=body, headers=headers_of(headers))
    assert response.status_code == 200, response.text
    assert "errors" not in response.json(), response.text
    return "kept" in response.headers["server-timing"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", DOCUMENTS)
async def test_the_second_answer_to_a_client_is_a_kept_one(web, client, name):
    body, headers = CLIENTS[client](*DOCUMENTS[name])

    assert [await kept(web, body, **headers) for _ in range(3)] == [False, True, True]


@pytest.mark.parametrize("name", OF_THE_PAGE)
async def test_what_the_page_asks_is_kept_by_its_text_and_by_its_id(web, name):
    text = OF_THE_PAGE[name]
    variables = {variable: VALUES[variable] for variable in REQUIRED.findall(text)}

    for body in ({"query": text, "variables": variables}, {"documentId": document_id(text), "variables": variables}):
        assert [await kept(web, body) for _ in range(2)] == [False, True]


def test_what_is_never_kept_is_of_the_page():
    assert pages_own().keys() >= NEVER_KEPT


async def test_the_order_of_variables_and_what_a_client_says_of_itself_make_no_other_question(web):
    text = "query Q($s: String!, $n: Int) { series(symbol: $s, maxPoints: $n) { points { value } } }"
    first = {"query": text, "variables": {"s": "AAA", "n": 2}, "operationName": "Q"}
    assert not await kept(web, first)

    for more in (
        {"variables": {"n": 2, "s": "AAA"}},
        {"extensions": {}},
        {"extensions": None},
        {"extensions": {"clientLibrary": {"name": "x", "version": "1"}}},
        {"id": "Q", "mode": "cors"},
    ):
        assert await kept(web, first | more), more


async def test_what_is_not_declared_is_another_question_with_the_same_answer(web):
    text = '{ series(symbol: "AAA") { points { value } } }'
    for variables in ({}, {"unused": 1}, {"unused": {"b": 1, "a": [2]}}):
        assert [await kept(web, {"query": text, "variables": variables}) for _ in range(2)] == [False, True]


async def test_an_answer_that_tells_its_cost_is_never_kept(web):
    body = {"query": "{ datasets { key } }", "extensions": {"cost": True}}
    for _ in range(3):
        response = await web.client.post("/graphql", json=body)
        assert response.json()["extensions"]["cost"]["requested"]
        assert "kept" not in response.headers["server-timing"]


async def test_operations_of_one_document_are_kept_each_for_itself(web):
    text = "query A { datasets { key __typename } } query B { datasets { title __typename } }"
    for name in ("A", "B"):
        body = {"query": text, "operationName": name}
        assert [await kept(web, body) for _ in range(2)] == [False, True]


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "*/*"])
async def test_an_answer_serves_every_media_type_encoding_and_method(web, accept):
    text, variables = WATCHLIST.replace("\n", " "), {"first": 50}
    asked = urlencode({"query": text, "variables": json.dumps(variables), "operationName": "Watchlist"})
    made = await web.client.post("/graphql", json={"query": text, "variables": variables, "operationName": "Watchlist"})

    got = await web.client.get(f"/graphql?{asked}", headers={"graphql-preflight": "1", "accept": accept})
    again = {"graphql-preflight": "1", "accept": accept, "if-none-match": got.headers["etag"]}
    unchanged = await web.client.get(f"/graphql?{asked}", headers=again)

    assert got.content == made.content
    assert "kept" in got.headers["server-timing"]
    assert got.headers["content-type"].startswith("application/" if accept == "*/*" else accept)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
