"""A value that does not fit its type is told in our own words, with a code, and never as Python shows it."""

import re

import orjson
import pytest
from tests.factories.web.application import resources_over, web_over

INT = "an Int is a whole number from -2147483648 to 2147483647"
LONG = "9" * 5000
PYTHON = re.compile(r"\b(True|None|inf|nan)\b|\{'|sys\.|int string|integer string|Error\b|cannot represent")


@pytest.fixture
async def web(sqlite_engine):
    async with web_over(resources_over(sqlite_engine)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("{ instruments(first: 99999999999) { totalCount } }", INT),
        ("{ instruments(first: 1.5) { totalCount } }", INT),
        ("{ instruments(first: true) { totalCount } }", INT),
        ('{ instruments(first: "a") { totalCount } }', INT),
        (f"{{ instruments(first: {LONG}) {{ totalCount }} }}", "a number has 5000 characters, at most 400 are allowed"),
        (f"{{ instruments(first: -{LONG}) {{ totalCount }} }}", "a number has 5001 characters, at most 400"),
        (f"query($v: Int = {LONG}) {{ instruments(first: $v) {{ totalCount }} }}", "a number has 5000 characters, at"),
        (f"{{ node(id: {LONG}) {{ id }} }}", "a number has 5000 characters"),
        (f"{{ viewer @include(if: {LONG}.5) {{ role }} }}", "a number has 5002 characters"),
        ("{ node(id: 5.5) { id } }", "an ID is text in quotes, or a whole number"),
        ("{ viewer @include(if: 1) { role } }", "a Boolean is true or false"),
        ("{ instruments(after: 5) { totalCount } }", "a String is text in quotes"),
        ("{ instruments(assetClass: NOPE) { totalCount } }", "NOPE"),
        ('{ series(symbol: "A", from: 5) { id } }', "RFC 3339"),
        ('{ series(symbol: "A", from: "2024-13-01T00:00:00Z") { id } }', "2024-13-01T00:00:00Z"),
        (f'{{ series(symbol: "A", from: {LONG}) {{ id }} }}', "a number has 5000 characters"),
    ],
)  # fmt: skip
async def test_a_literal_that_does_not_fit(web, asked, said):
    error = await web.error(asked)

    assert said in error["message"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert not PYTHON.search(error["message"])


@pytest.mark.parametrize(
    ("kind", "use", "value", "said"),
    [
        *(
            ("Int!", "instruments(first: $v) { totalCount }", value, INT)
            for value in (99999999999, 10**25, 1.5, "a", True, [1], {"a": 1})
        ),
        *(("ID!", "node(id: $v) { id }", value, "an ID is") for value in (1.5, True, {"a": 1})),
        *(("Boolean!", "viewer @include(if: $v) { role }", value, "a Boolean is") for value in ("x", 1, {"a": None})),
        *(("String", "instruments(after: $v) { totalCount }", value, "a String is") for value in (1, True, {"a": 1})),
        *(("DateTime", 'series(symbol: "A", from: $v) { id }', value, "RFC 3339") for value in (5, True, "x")),
    ],
)  # fmt: skip
async def test_a_variable_that_does_not_fit(web, kind, use, value, said):
    error = await web.error(f"query($v: {kind}) {{ {use} }}", {"v": value})

    assert error["message"].startswith("Variable '$v' ")
    assert said in error["message"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert not PYTHON.search(error["message"])


@pytest.mark.parametrize("value", [LONG, "1e400", "-" + LONG])
async def test_a_number_that_is_none_in_json(web, value):
    body = orjson.dumps({"query": "query($v: Int!) { instruments(first: $v) { totalCount } }", "variables": {"v": 0}})
    told = body.replace(b'"v":0', b'"v":' + value.encode())

    answer = await web.client.post("/graphql", content=told, headers={"content-type": "application/json"})

    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] in {"BAD_REQUEST", "BAD_INPUT"}
    assert not PYTHON.search(error["message"])


async def test_a_get_is_told_which_header_it_lacks(web):
    answer = await web.client.get("/graphql?query=%7Bviewer%7Brole%7D%7D")

    [error] = answer.json()["errors"]
    assert answer.status_code == 400
    assert "GraphQL-Preflight: 1" in error["message"]
    name, _, value = error["extensions"]["example"].partition(": ")
    assert (await web.client.get("/graphql?query=%7Bviewer%7Brole%7D%7D", headers={name: value})).status_code == 200
