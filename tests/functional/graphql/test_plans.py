"""A plan answers what the executor answers, to the byte; what goes wrong is left to the executor; on both engines."""

import random
import re

import pytest
from graphql import get_named_type, is_composite_type, is_leaf_type, is_object_type
from ops.load.clients import CLIENTS, operation_of, pages_own
from ops.load.reads import QUERIES as LOAD
from strawberry.schema.schema_converter import GraphQLCoreConverter
from tests.factories.metrics import counted
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import system_clock
from mktdash.graphql.loaders import is_batched
from mktdash.graphql.planner.plans import RUNS, Plans
from mktdash.graphql.schema import MktdashSchema
from mktdash.quality.runner import run_quality

QUERIES = [
    (
        "{ instruments(first: 5) { totalCount edges { cursor node { id symbol name assetClass currency mic aliases "
        "{ source symbol validFrom validTo } series { id source unit { name scale } simulated quality "
        "freshness { status value since } "
        "latest { asOf session value open flags knownAt previousValue change changePercent } "
        "recent(last: 7) { asOf asOfMs value open flags count } } } } pageInfo { hasNextPage endCursor } } }"
    ),
    (
        '{ series(symbol: "EURUSD") { id dataVersion snapshotId interval latest { value } points { asOf value flags } '
        "dataset { key title seriesCount quality { status metrics { metric status evidence } } } "
        "quality { status flagCounts } instrument { symbol series { source } } } }"
    ),
    "{ datasets { key version quality { status freshness { status } completeness { value } } } }",
    (
        '{ a: series(symbol: "EURUSD", maxPoints: 20) { p: points { v: value downsampledFrom } } '
        'b: series(symbol: "EURJPY", from: "2020-01-01T00:00:00Z") { points { count } } reportTemplates { name } }'
    ),
    "{ __typename instruments(first: 1) { __typename edges { __typename node { __typename symbol } } } }",
    (
        "query Q { ...F instruments(first: 2) { edges { node { ...I name } } } } fragment F on Query "
        "{ instruments(first: 2) { edges { node { currency } } } } "
        "fragment I on Instrument { symbol series { source } }"
    ),
    '{ instruments(search: "nothing is called so") { totalCount edges { node { symbol } } } }',
    "{ reportRuns { totalCount edges { node { runId artifacts { format } } } } }",
    "{ viewer { role } serverInfo { database contracts } }",
    (
        "{ instruments(first: 2) { edges { node { symbol series { latest { value __typename } kind: __typename quality "
        "} __typename } __typename } __typename totalCount } __typename }"
    ),
    "{ instruments(first: 1) { edges { node { symbol @include(if: true) name @skip(if: true) } } } }",
    (
        "{ instruments(first: 2) { edges { node { ... on Node { id } ...N ... on Instrument @skip(if: true) { name } } "
        "} } } fragment N on Node { __typename id }"
    ),
    "{ instruments(first: 2) { edges { node { symbol @skip(if: true) } } } }",
]
SWITCHED = """query ($all: Boolean = true, $none: Boolean!) { instruments(first: 2) { edges { node { symbol
  name @include(if: $all) name @skip(if: $none) ...S @skip(if: $none)
  series @include(if: $all) { source ... @skip(if: $none) { unit { name __typename } } } } } } }
  fragment S on Instrument { currency assetClass }"""
WITHOUT_PLAN = ["{ __schema { queryType { name } } }", '{ node(id: "x") { id } }']
WRONG = [
    '{ series(symbol: "EURNOPE") { id } }',
    '{ ok: series(symbol: "EURUSD") { id } bad: series(symbol: "NOPE") { id } }',
    "{ instruments(first: 0) { totalCount } }",
    '{ series(symbol: "EURUSD", from: "2020-01-02T00:00:00Z", to: "2020-01-01T00:00:00Z") { id } }',
]


# What variables and arguments are given, by their names; what is not here is left out.
GIVEN = {
    "symbol": ["EURUSD", "EURJPY", "EURNOPE"],
    "key": ["ecb-reference-rates", "nope"],
    "first": [1, 2, 0],
    "last": [3, 501],
    "id": ["x", "U2VyaWVzOng"],
    "ids": [["x"]],
    "asOf": ["2024-01-02T13:15:00Z"],
    "from": ["2024-01-02T00:00:00Z"],
    "at": ["2024-02-01T00:00:00Z"],
    "maxPoints": [5],
    "asked": [1],
}


class WithoutPlans(Plans):
    """The plans of a schema that leaves everything to the executor."""

    def of(self, *_):
        return None


@pytest.fixture(scope="module")
def executing():
    schema = MktdashSchema()
    schema.plans = WithoutPlans(schema.core)
    return schema


@pytest.fixture
async def judged(ecb_engine):
    now = system_clock()
    await run_quality(ecb_engine, clock=lambda: now, code_sha="test")
    return resources_over(ecb_engine, answer_cache_mb=0, clock=lambda: now)


@pytest.fixture
async def both(judged, executing):
    """The answer to a request by plan, and by the executor."""
    async with web_over(judged) as web, web_over(judged, executing) as executor:

        async def ask(body):
            return [await one.client.post("/graphql", json=body) for one in (web, executor)]

        yield ask


@pytest.fixture
def by():
    """What executed the operations since the test began."""

    def count():
        return {one: counted(RUNS, one) for one in ("plan", "executor after plan", "executor")}

    before = count()
    return lambda: {one: int(n - before[one]) for one, n in count().items() if n != before[one]}


def but_for_request_ids(content):
    return re.sub(rb'"requestId":"\w+"', b"", content)


@pytest.mark.parametrize("query", QUERIES)
async def test_a_plan_answers_what_the_executor_answers(both, by, query):
    planned, executed = await both({"query": query})

    assert b"errors" not in planned.content
    assert planned.content == executed.content
    assert by() == {"plan": 1}


@pytest.mark.parametrize("client", CLIENTS)
async def test_what_people_ask_is_answered_by_plan(both, by, client):
    texts = [text for text in pages_own().values() if text.startswith("query")]
    texts += [text.replace("LOAD", "EURUSD") for _, text in LOAD.values()]
    for text in texts:
        given = {name: values[0] for name, values in GIVEN.items() if f"${name}:" in text}
        body, _ = CLIENTS[client](text, given)
        planned, executed = await both(body)

        assert but_for_request_ids(planned.content) == but_for_request_ids(executed.content), text
        # No run has this id, and a plan only knows how things go well.
        assert b"errors" not in planned.content or operation_of(text) == "ReportRun", planned.content
    assert by() == {"plan": len(texts) - 1, "executor after plan": 1}


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_asked_is_answered_as_the_executor_answers(both, by, executing, seed):
    chance = random.Random(seed)  # noqa: S311 - no secret: what is asked
    for _ in range(4):
        query, variables = _query(executing.core, chance)
        planned, executed = await both({"query": query, "variables": variables})

        assert but_for_request_ids(planned.content) == but_for_request_ids(executed.content), query
        assert planned.status_code == executed.status_code, query
    assert by()


def test_no_field_is_asked_of_many_parents_one_by_one(executing):
    """What waits has a function for all, but for the roots, of which there is one."""
    for kind in executing.core.type_map.values():
        if is_object_type(kind) and kind.name not in {"Query", "Mutation", "Subscription"}:
            for name, field in kind.fields.items():
                declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
                assert declared is None or not declared.is_async or is_batched(declared), f"{kind.name}.{name}"


@pytest.mark.parametrize(
    "variables",
    [
        {"none": False},
        {"none": True},
        {"none": True, "all": False},
        {"none": False, "all": False},
        {"none": True, "all": True},
    ],
)
async def test_a_plan_includes_and_skips_what_the_variables_say(both, by, variables):
    body = {"query": SWITCHED, "variables": variables}
    # Those of another time must not decide.
    await both(body | {"variables": {"none": not variables["none"]}})
    planned, executed = await both(body)

    assert b"errors" not in planned.content
    assert planned.content == executed.content
    assert by() == {"plan": 2}


async def test_a_variable_that_is_not_right_is_told_as_the_executor_tells_it(both, by):
    planned, executed = await both({"query": SWITCHED, "variables": {"none": None}})
    (error,) = planned.json()["errors"]

    assert (error["extensions"]["code"], "none" in error["message"]) == ("BAD_INPUT", True), error
    assert but_for_request_ids(planned.content) == but_for_request_ids(executed.content)
    assert by() == {}


async def test_a_switch_that_is_null_is_told_as_the_executor_tells_it(both, by):
    body = {"query": "query ($yes: Boolean = true) { viewer { role @include(if: $yes) } }"}
    (good, _), (planned, executed) = await both(body), await both(body | {"variables": {"yes": None}})

    assert good.json() == {"data": {"viewer": {"role": "ANONYMOUS"}}}
    assert b"errors" in planned.content
    assert but_for_request_ids(planned.content) == but_for_request_ids(executed.content)
    assert by() == {"plan": 1, "executor": 1}


@pytest.mark.parametrize("query", WITHOUT_PLAN)
async def test_what_plans_do_not_know_is_executed(both, by, query):
    planned, executed = await both({"query": query})

    assert planned.content == executed.content
    assert by() == {"executor": 1}


@pytest.mark.parametrize("query", WRONG)
async def test_what_goes_wrong_is_told_as_the_executor_tells_it(both, by, query):
    planned, executed = await both({"query": query})

    assert b"errors" in planned.content
    assert but_for_request_ids(planned.content) == but_for_request_ids(executed.content)
    assert planned.status_code == executed.status_code
    assert by() == {"executor after plan": 1}


def _query(schema, chance):
    """A query that is valid, of chosen fields through fragments, aliases and switches, and values for its variables."""
    fragments = []
    roots = [_field(schema.query_type, name, chance, fragments, 4) for name in _some(_asked(schema), chance, 2)]
    text = "query ($yes: Boolean = true, $no: Boolean = false) { " + " ".join(roots) + " __typename @include(if: $yes) "
    text += "x: __typename @skip(if: $no) } " + " ".join(fragments)
    return text, chance.choice([{}, {"yes": False}, {"no": True}])


def _asked(schema):
    # Those that tell of the request, of other processes or of secrets are no matter of data.
    return [name for name in schema.query_type.fields if name not in {"viewer", "tokens", "sources", "serverInfo"}]


def _some(names, chance, n):
    return chance.sample(names, min(len(names), n))


def _field(kind, name, chance, fragments, depth):
    field = kind.fields[name]
    given = {one: chance.choice(GIVEN[one]) for one, argument in field.args.items() if one in GIVEN}
    written = ", ".join(f"{one}: {_literal(value)}" for one, value in given.items())
    alias = chance.choice(["", "", f"a{chance.randrange(9)}_{name}: "])
    switch = chance.choice(["", "", "", " @include(if: $yes)", " @skip(if: $no)", " @skip(if: false)"])
    return f"{alias}{name}{f'({written})' if written else ''}{switch}" + _selection(
        get_named_type(field.type), chance, fragments, depth - 1
    )


def _selection(kind, chance, fragments, depth):
    if not is_composite_type(kind):
        return ""
    fields = getattr(kind, "fields", {})
    plain = [name for name, field in fields.items() if is_leaf_type(get_named_type(field.type)) and not field.args]
    deep = [name for name in fields if name not in plain] if depth else []
    chosen = [_field(kind, name, chance, fragments, depth) for name in _some(plain, chance, 4)]
    chosen += [_field(kind, name, chance, fragments, depth) for name in _some(deep, chance, 2)]
    text = " ".join(chosen)
    if chance.random() < 0.3:
        fragments.append(f"fragment F{len(fragments)} on {kind.name} {{ __typename {text} }}")
        text = f"...F{len(fragments) - 1} ... on {kind.name} {{ {text} }}"
    return f" {{ {text} __typename }}"


def _literal(value):
    return "[" + ", ".join(map(_literal, value)) + "]" if isinstance(value, list) else repr(value).replace("'", '"')
