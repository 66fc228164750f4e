"""Documents and values that an adversary would send: refused at little cost, with a reason, and nothing in the log."""

import logging
import time

import httpx
import orjson
import pytest
from tests.factories.web.application import resources_over, web_over

TYPES = "types { name fields { name args { name } } }"


@pytest.fixture(autouse=True)
def silence(caplog):
    """Nobody outside may make the server write error lines, for each costs a stack trace and hides the real ones."""
    with caplog.at_level(logging.INFO):
        yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.fixture
async def client(server):
    headers = {"accept": "application/graphql-response+json", **server.bearer("analyst")}
    async with httpx.AsyncClient(base_url=server.url, timeout=60, headers=headers) as opened:
        yield opened


FLOODS = {
    "fields": "{" + " ".join(f"a{n}: __typename" for n in range(600)) + "}",
    "aliases": "{" + " ".join(f"a{n}: viewer {{ role }}" for n in range(60)) + "}",
    "directives": "{ viewer " + "@skip(if: false) " * 100 + "{ role } }",
    "unknown directives": "{ viewer " + "@a" * 900 + "{ role } }",
    "operations": " ".join(f"query Q{n} {{ viewer {{ role }} }}" for n in range(240)),
    "variables": "query(" + " ".join(f"$a{n}: Int" for n in range(490)) + ") { viewer { role } }",
    "unknown fields": "{" + " ".join(f"nope{n}" for n in range(450)) + "}",
    "a chain of fragments": "{...f0} "
    + " ".join(f"fragment f{n} on Query {{...f{n + 1}}}" for n in range(240))
    + " fragment f240 on Query {__typename}",
    "fragments that double": "{...f0} "
    + " ".join(f"fragment f{n} on Query {{...f{n + 1} ...f{n + 1}}}" for n in range(150))
    + " fragment f150 on Query {__typename}",
    "fragments in a circle": "{...a} fragment a on Query {...b} fragment b on Query {...a}",
    "a fragment spread often": "{" + "...F " * 240 + "} fragment F on Query {" + "viewer { role } " * 100 + "}",
    "depth": "{a" * 990 + "}" * 990,
    "depth of lists": "{ instrument(symbol: " + "[" * 900 + "]" * 900 + ") { id } }",
    "depth of types": "query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { viewer { role } }",
    "depth of inline fragments": "{" + "...{" * 300 + "__typename" + "}" * 300 + "}",
    "deep introspection": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "introspection in circles": "{ __schema { types { possibleTypes { interfaces { possibleTypes { name } } } } } }",
    "introspection again and again": "{" + " ".join(f"a{n}: __schema {{ {TYPES} }}" for n in range(3)) + "}",
    "introspection in an inline fragment": "{ ... {"
    + " ".join(f"a{n}: __schema {{ {TYPES} }}" for n in range(20))
    + "} }",
    "introspection in a fragment": "{ ...F } fragment F on Query {"
    + " ".join(f"a{n}: __schema {{ {TYPES} }}" for n in range(20))
    + "}",
    "digits": "{ instruments(first: " + "9" * 5000 + ") { totalCount } }",
    "a long name": "{ " + "a" * 100_000 + " }",
}


@pytest.mark.parametrize("what", FLOODS)
async def test_a_flood_is_refused_before_it_costs_much(client, what):
    await client.get("/api/health/live")
    # The server is a thread of this process; what others keep this process from doing does not count.
    started = time.process_time()
    response = await client.post("/graphql", json={"query": FLOODS[what]})
    seconds = time.process_time() - started

    assert response.status_code == 400
    assert "data" not in response.json()
    # Each takes 5..200 ms here; what they are after takes minutes.
    assert seconds < 20


@pytest.mark.parametrize("depth", [255, 300, 1000, 20_000])
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
async def test_variables_nested_deeply_are_refused(client, depth, opening, closing):
    query = 'mutation($p: JSON) { requestReport(input: {template: "market-summary", parameters: $p}) { __typename } }'
    nested = opening * depth + "1" + closing * depth
    body = f'{{"query": {orjson.dumps(query).decode()}, "variables": {{"p": {nested}}}}}'
    response = await client.post("/graphql", content=body, headers={"content-type": "application/json"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00\\ud800", "\\ud83d"])
@pytest.mark.parametrize("inside", ["document", "variables"])
async def test_half_a_character_is_refused(client, text, inside):
    query = f'{{ series(symbol: "{text}") {{ id }} }}'.replace("\\", "\\\\").replace('"', '\\"')
    body = (
        f'{{"query": "{query}"}}'
        if inside == "document"
        else f'{{"query": "query($s: String!) {{ series(symbol: $s) {{ id }} }}", "variables": {{"s": "{text}"}}}}'
    )
    response = await client.post("/graphql", content=body, headers={"content-type": "application/json"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] in {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED"}


TEXTS = [
    "{ series(symbol: $text) { id } }",
    '{ series(symbol: "EURUSD", source: $text) { id } }',
    '{ series(symbol: "EURUSD", measure: $text) { id } }',
    '{ series(symbol: "EURUSD", interval: $text) { id } }',
    "{ instrument(symbol: $text) { id } }",
    "{ instruments(search: $text) { totalCount } }",
    "{ instruments(after: $text) { totalCount } }",
    "{ dataset(key: $text) { id } }",
    '{ provenance(symbol: $text, asOf: "2024-01-02T13:15:00Z") { value } }',
    '{ provenance(symbol: "EURUSD", source: $text, asOf: "2024-01-02T13:15:00Z") { value } }',
    "{ reportRuns(after: $text) { totalCount } }",
    "{ reportRun(id: $text) { id } }",
]


@pytest.fixture
async def web(ecb_engine):
    async with web_over(resources_over(ecb_engine)) as opened:
        yield opened


async def test_text_that_no_database_takes_is_the_clients_mistake(web):
    for query in TEXTS:
        kind = "ID!" if "(id:" in query else "String!"
        for text in ("\0", "a\0b", "x" * 100_000, "'; DROP TABLE series; --", "%_" * 40, "\u202e", "é" * 50, "=", "🂡"):
            body = await web.ask(f"query($text: {kind}) {query}", {"text": text})
            codes = {error["extensions"]["code"] for error in body.get("errors", ())}
            assert codes <= {"BAD_INPUT", "UNKNOWN_SYMBOL", "NOT_FOUND"}, (query, text[:20], body)


@pytest.mark.parametrize(
    "instant",
    ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60Z", "0000-01-01T00:00:00Z"],
)
@pytest.mark.parametrize(
    "query",
    [
        '{ provenance(symbol: "EURUSD", asOf: $at) { value } }',
        '{ series(symbol: "EURUSD", from: $at) { id } }',
        '{ series(symbol: "EURUSD", asKnownAt: $at) { id } }',
    ],
)
async def test_an_instant_beyond_all_calendars_is_the_clients_mistake(client, query, instant):
    response = await client.post(
        "/graphql", json={"query": f"query($at: DateTime!) {query}", "variables": {"at": instant}}
    )

    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_a_cursor_of_another_list_is_no_cursor(client):
    query = "{ instruments(first: 1) { pageInfo { endCursor } edges { node { id } } } serverInfo { cursor } }"
    data = (await client.post("/graphql", json={"query": query})).json()["data"]
    edges = data["instruments"]
    for wrong in (edges["pageInfo"]["endCursor"], edges["edges"][0]["node"]["id"], data["serverInfo"]["cursor"]):
        asked = {
            "query": "query($after: String) { reportRuns(after: $after) { totalCount } }",
            "variables": {"after": wrong},
        }
        body = (await client.post("/graphql", json=asked)).json()
        assert body["errors"][0]["extensions"]["code"] == "BAD_INPUT"
