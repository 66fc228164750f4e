"""Every operation of schema/permissions.md with everyone in its columns: yes is not refused, and no is refused."""

from pathlib import Path

import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type, is_leaf_type, is_union_type
from tests.factories.web.application import resources_over, web_over

from mktdash.graphql.schema import export_schema

PAGE = (Path(__file__).parents[3] / "schema" / "permissions.md").read_text()
HEAD, *ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")
]
SCHEMA = build_schema(export_schema())
EXAMPLES = {
    "symbol": '"EURUSD"',
    "key": '"ecb-reference-rates"',
    "asOf": '"1999-01-04T13:15:00Z"',
    "id": '"none"',
    "RequestReportInput": '{template: "market-summary"}',
    "CreateTokenInput": '{name: "x", role: "none"}',
    "until": '"2099-01-01T00:00:00Z"',
    "note": '"seen"',
    "dataset": '"none"',
    "on": '"2026-01-02"',
    "reason": '"published no more"',
}
REFUSED = {"UNAUTHENTICATED", "FORBIDDEN"}


def document(kind, name):
    """The smallest operation that uses a root field."""
    field = SCHEMA.get_type(kind).fields[name]
    examples = {
        key: EXAMPLES.get(key) or EXAMPLES.get(get_named_type(one.type).name) for key, one in field.args.items()
    }
    given = [f"{key}: {example}" for key, example in examples.items() if example]
    arguments = f"({', '.join(given)})" if given else ""
    named = get_named_type(field.type)
    inner = "" if is_leaf_type(named) else "{ __typename }" if is_union_type(named) else f"{{ {leaf(named)} }}"
    return f"{kind.lower()} {{ {name}{arguments} {inner} }}"


def leaf(named: GraphQLObjectType):
    return next(
        name for name, spec in named.fields.items() if is_leaf_type(get_named_type(spec.type)) and not spec.args
    )


@pytest.fixture
async def web(sqlite_engine):
    async with web_over(resources_over(sqlite_engine)) as opened:
        yield opened


@pytest.mark.parametrize("who", HEAD[1:])
async def test_everyone_may_do_what_the_table_says_and_nothing_else(web, who):
    headers = {}
    if who not in {"stranger", "this machine"}:
        headers["authorization"] = f"Bearer {await web.token(who)}"
    client = web.client if who == "this machine" else web.from_elsewhere()
    wrong = []
    for operation, *cells in ROWS:
        allowed = dict(zip(HEAD[1:], cells, strict=True))[who] == "yes"
        if await refused(client, operation.strip("`"), headers) is allowed:
            wrong.append((operation, allowed))
    if client is not web.client:
        await client.aclose()

    assert wrong == []
    assert len(ROWS) > 20


async def refused(client, operation, headers):
    if operation.startswith(("GET", "POST")):
        method, path = operation.split("`")[0].split(" ")
        path = (
            path.replace("{run_id}", "none").replace("{format}", "pdf").replace("{sha256}", "0" * 64).replace("/*", "/")
        )
        return (await client.request(method, path, headers=headers)).status_code in {401, 403}
    kind, name = operation.split(".")
    query = document(kind, name)
    if kind == "Subscription":
        # A stream that is let in begins; one that is not has a refusal for an answer.
        query = query.replace("observations", 'observations(symbols: ["NONE"])')
        headers = headers | {"accept": "text/event-stream"}
        response = await client.post("/graphql", json={"query": query}, headers=headers)
        return response.status_code in {401, 403}
    body = (await client.post("/graphql", json={"query": query}, headers=headers)).json()
    return bool({error["extensions"]["code"] for error in body.get("errors", ())} & REFUSED)
