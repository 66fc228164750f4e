"""The cases of the GraphQL-over-HTTP specification: media types, methods, parameters, statuses."""

import orjson
import pytest
from tests.factories.web.application import resources_over, web_over

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
QUERY = "{ __typename }"
PREFLIGHT = {"graphql-preflight": "1"}


@pytest.fixture
async def client(sqlite_engine):
    async with web_over(resources_over(sqlite_engine)) as web:
        yield web.client


async def post(client, body=None, *, accept=RESPONSE, content_type=JSON, content=None):
    headers = {"content-type": content_type, "accept": accept}
    sent = content if content is not None else orjson.dumps(body)
    return await client.post("/graphql", content=sent, headers={k: v for k, v in headers.items() if v is not None})


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (RESPONSE, RESPONSE),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/json; charset=utf-8", JSON),
        (f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE),
    ],
)
async def test_the_answer_has_the_type_asked_for_in_utf_8(client, accept, given):
    response = await post(client, {"query": QUERY}, accept=accept)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{given}; charset=utf-8"
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_without_accept_the_answer_is_json(client):
    client.headers.pop("accept")
    response = await client.post("/graphql", json={"query": QUERY})

    assert response.headers["content-type"].startswith(JSON)


async def test_what_nobody_can_give_is_not_acceptable(client):
    response = await post(client, {"query": QUERY}, accept="text/html")

    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("content_type", ["text/plain", "application/graphql", "application/xml", ""])
async def test_another_type_of_body_is_unsupported(client, content_type):
    response = await post(client, {"query": QUERY}, content_type=content_type)

    assert response.status_code == 415


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'"text"', b"null", b"[]", b'[{"query":"{ __typename }"}]', b"\xff\xfe", b'{"query": NaN}'],
)
async def test_a_body_that_is_no_request_is_refused(client, content):
    response = await post(client, content=content)

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": None},
        {"query": ""},
        {"query": 7},
        {"query": ["{ __typename }"]},
        {"query": {"a": 1}},
        {"query": QUERY, "operationName": 7},
        {"query": QUERY, "operationName": {}},
        {"query": QUERY, "variables": "text"},
        {"query": QUERY, "variables": []},
        {"query": QUERY, "variables": 7},
        {"query": QUERY, "extensions": "text"},
        {"query": QUERY, "extensions": []},
        {"queries": QUERY},
    ],
)
@pytest.mark.parametrize("accept", [RESPONSE, JSON])
async def test_parameters_of_another_type_are_refused(client, body, accept):
    response = await post(client, body, accept=accept)

    assert response.status_code == 400
    assert response.headers["content-type"].startswith(accept)
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "more",
    [
        {"operationName": None},
        {"operationName": ""},
        {"variables": None},
        {"variables": {}},
        {"extensions": None},
        {"extensions": {"anything": [1]}},
        {"somethingElse": 1},
    ],
)
async def test_optional_parameters_may_be_null_or_empty_and_others_are_ignored(client, more):
    response = await post(client, {"query": QUERY, **more})

    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nope }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($a: Int!) { instruments(first: $a) { totalCount } }"}, "BAD_INPUT"),
        ({"query": "query A { __typename }", "operationName": "B"}, "BAD_REQUEST"),
        ({"query": "query A { __typename } query B { __typename }"}, "BAD_INPUT"),
        ({"query": "fragment A on Query { __typename }"}, "BAD_REQUEST"),
    ],
)
async def test_what_cannot_run_is_400_without_data_and_200_in_the_older_type(client, body, code):
    new, old = await post(client, body), await post(client, body, accept=JSON)

    assert new.status_code == 400
    assert old.status_code in {200, 400}
    for response in (new, old):
        assert "data" not in response.json()
        assert response.json()["errors"][0]["extensions"]["code"] == code


async def test_a_field_that_fails_leaves_the_rest_and_the_status(client):
    response = await post(client, {"query": '{ series(symbol: "NOPE") { id } __typename }'})

    assert response.status_code == 200
    assert response.json()["data"] == {"series": None, "__typename": "Query"}
    assert response.json()["errors"][0]["path"] == ["series"]


async def test_a_query_goes_by_get_with_a_header_that_no_link_can_carry(client):
    bare = await client.get("/graphql", params={"query": QUERY})
    good = await client.get("/graphql", params={"query": QUERY}, headers=PREFLIGHT)
    same = await client.get("/graphql", params={"query": QUERY}, headers={"sec-fetch-site": "same-origin"})
    cross = await client.get("/graphql", params={"query": QUERY}, headers={"sec-fetch-site": "cross-site"})

    assert (bare.status_code, cross.status_code) == (400, 400)
    assert good.json() == same.json() == {"data": {"__typename": "Query"}}


async def test_get_takes_variables_and_a_name(client):
    response = await client.get(
        "/graphql",
        params={
            "query": "query A { __typename } query B($s: String!) { series(symbol: $s) { id } }",
            "operationName": "B",
            "variables": '{"s": "NOPE"}',
            "extensions": "{}",
        },
        headers={**PREFLIGHT, "accept": RESPONSE},
    )

    assert response.json()["errors"][0]["extensions"]["symbol"] == "NOPE"


@pytest.mark.parametrize(
    "params", [{}, {"query": ""}, {"query": QUERY, "variables": "nonsense"}, {"query": QUERY, "variables": "[]"}]
)
async def test_a_get_that_is_no_request_is_refused(client, params):
    response = await client.get("/graphql", params=params, headers=PREFLIGHT)

    assert response.status_code == 400


async def test_a_mutation_by_get_is_405_and_does_nothing(client):
    query = 'mutation { requestReport(input: {template: "market-summary"}) { __typename } }'
    response = await client.get("/graphql", params={"query": query}, headers=PREFLIGHT)
    runs = await post(client, {"query": "{ reportRuns { totalCount } }"})

    assert response.status_code == 405
    assert "POST" in response.headers["allow"]
    assert runs.json()["data"]["reportRuns"]["totalCount"] == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_another_method_is_405(client, method):
    response = await client.request(method, "/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_a_body_beyond_any_honest_size_is_not_read(client):
    response = await post(client, {"query": "{ __typename } #" + "x" * 300_000})

    assert response.status_code == 413


async def test_nothing_may_be_kept_by_those_in_between(client):
    response = await post(client, {"query": "{ viewer { role } }"})

    assert "accept" in response.headers["vary"]
    assert response.headers["cache-control"] in {"no-store", "private, no-cache", "no-cache"}
