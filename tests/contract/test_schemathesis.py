"""The API held to its own descriptions by schemathesis, on real data: no crash, nothing that is not described."""

import re

import schemathesis
from graphql import IntValueNode, StringValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks

_CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
_SETTINGS = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

# Made-up names find nothing: the same requests are asked again with those of real things.
_NAMED = re.compile(r'\b(symbol|source|measure|interval|key|after|search): "(?:[^"\\]|\\.)*"')
_REAL = {"symbol": '"EURUSD"', "key": '"ecb-reference-rates"', "search": '"dollar"'}

schemathesis.graphql.scalar(
    "DateTime",
    st.one_of(
        st.datetimes().map(lambda at: StringValueNode(value=at.isoformat(timespec="seconds") + "Z")),
        st.sampled_from(["1999-01-04T13:15:00Z", "2024-01-02T13:15:00+01:00", "yesterday"]).map(
            lambda text: StringValueNode(value=text)
        ),
    ),
)
schemathesis.graphql.scalar("JSON", st.integers(0, 9).map(lambda n: IntValueNode(value=str(n))))


def _real(found):
    return f"{found[1]}: {_REAL.get(found[1], 'null')}"


def drive(schema, check):
    """Check made-up requests to every operation; gives the operations' names."""
    # schemathesis's own way to spread operations over tests does not know pytest 9.
    names = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @_SETTINGS
        @given(case=operation.as_strategy())
        def tried(case):
            check(case)

        tried()
        names.append(operation.label)
    return names


def test_every_route_answers_as_described(server):
    def check(case):
        response = case.call(headers=server.bearer("viewer"))
        assert response.status_code != 500
        case.validate_response(response, checks=_CHECKS)

    names = drive(schemathesis.openapi.from_url(f"{server.url}/api/openapi.json"), check)

    assert len(names) >= 10


def test_every_root_field_answers_without_a_surprise(server):
    def check(case):
        ask(case)
        case.body = _NAMED.sub(_real, case.body)
        ask(case)

    def ask(case):
        response = case.call(headers=server.bearer("analyst"))
        body = response.json()
        assert response.status_code in {200, 400}, body
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert not codes & {"INTERNAL", "GRAPHQL_PARSE_FAILED", "TIMED_OUT"}, body

    names = drive(schemathesis.graphql.from_url(f"{server.url}/graphql"), check)

    assert "Query.series" in names
    assert "Mutation.requestReport" in names
