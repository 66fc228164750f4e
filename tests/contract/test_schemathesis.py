"""The API held to its own descriptions by schemathesis, on real data: no crash, nothing that is not described."""

import os
import re
from contextlib import nullcontext, suppress
from dataclasses import replace

import httpx
import orjson
import pytest
import schemathesis
from graphql import IntValueNode, StringValueNode, parse, print_ast
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from tests.factories.web.schema_check import Answers

from mktdash.graphql.schema import MktdashSchema
from mktdash.http.openapi.document import document
from mktdash.http.routes import OPERATIONS

# 30 take half a minute in all; ask for thousands before a release: EXAMPLES=2000 make test T=tests/contract.
_CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
_SETTINGS = settings(
    max_examples=int(os.environ.get("EXAMPLES", "30")),
    deadline=None,
    # The same examples in every run, so that a change alone can fail it.
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
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


_INCLUDED = parse("{ a @include(if: true) }").definitions[0].selection_set.selections[0].directives
# The server's own clock has fractions of seconds, the data of these tests have none.
_TIMES = re.compile(r"[0-9T:-]{19}\.[0-9]+Z")


def _real(found):
    return f"{found[1]}: {_REAL.get(found[1], 'null')}"


def drive(schema, check, mode=GenerationMode.POSITIVE):
    """Check made-up requests to every operation; gives the operations' names."""
    # schemathesis's own way to spread operations over tests does not know pytest 9.
    names = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @_SETTINGS
        @given(case=operation.as_strategy(generation_mode=mode))
        def tried(case):
            check(case)

        # What takes no input cannot be given a wrong one.
        with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
            tried()
        names.append(operation.label)
    return names


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_route_answers_as_described(server, mode):
    def check(case):
        response = case.call(headers=server.bearer("viewer"), timeout=600)
        assert response.status_code != 500
        case.validate_response(response, checks=_CHECKS)

    names = drive(schemathesis.openapi.from_url(f"{server.url}/api/openapi.json", timeout=600), check, mode)

    assert len(names) >= 10


@pytest.mark.parametrize("path", document(OPERATIONS)["paths"])
def test_a_method_that_is_not_described_is_refused_with_those_that_are(server, path):
    described = {method.upper() for method in document(OPERATIONS)["paths"][path]}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - described:
        response = httpx.request(method, server.url + path, headers=server.bearer("viewer"), timeout=600)
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) - {"HEAD"} == described


def by_the_executor(text):
    """The same query in a form that no plan is made of, so that the library's own executor runs it."""
    document = parse(text)
    [operation] = document.definitions
    first, *rest = operation.selection_set.selections
    first = replace(first, directives=_INCLUDED)
    chosen = replace(operation.selection_set, selections=(first, *rest))
    return print_ast(replace(document, definitions=(replace(operation, selection_set=chosen),)))


def comparable(body):
    """An answer without what differs from one time to the next."""
    errors = [(one["message"], one.get("path"), one["extensions"]["code"]) for one in body.get("errors", ())]
    return _TIMES.sub("a time", orjson.dumps([body.get("data"), sorted(map(str, errors))]).decode())


def test_every_root_field_answers_without_a_surprise(server):
    schema = MktdashSchema().core

    def check(case):
        ask(case)
        case.body = _NAMED.sub(_real, case.body)
        quick = ask(case)
        if case.operation.label.startswith("Query."):
            case.body = by_the_executor(case.body)
            assert comparable(quick) == comparable(ask(case)), case.body

    def ask(case):
        response = case.call(headers=server.bearer("analyst"))
        body = response.json()
        assert response.status_code in {200, 400}, body
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert not codes & {"INTERNAL", "GRAPHQL_PARSE_FAILED", "TIMED_OUT"}, body
        assert not Answers(schema, parse(case.body)).faults(body.get("data")), case.body
        return body

    names = drive(schemathesis.graphql.from_url(f"{server.url}/graphql"), check)

    assert "Query.series" in names
    assert "Mutation.requestReport" in names


@pytest.mark.parametrize(
    "wrong",
    [
        {"viewer": None},
        {"viewer": {"role": 5}},
        {"viewer": {}},
        {"viewer": {"role": "VIEWER", "name": "more than was asked for"}},
        {"viewer": ["VIEWER"]},
    ],
)
def test_the_judge_of_answers_sees_what_is_wrong(wrong):
    judge = Answers(MktdashSchema().core, parse("{ viewer { role } }"))

    assert judge.faults({"viewer": {"role": "VIEWER"}}) == []
    assert len(judge.faults(wrong)) == 1
