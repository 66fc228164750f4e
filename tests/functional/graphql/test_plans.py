"""A plan answers what the executor answers, to the byte; what goes wrong is left to the executor; on both engines."""

import asyncio
import re

import pytest
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import system_clock
from mktdash.graphql.planner.leaves import NoPlanError
from mktdash.graphql.planner.plans import Plans
from mktdash.graphql.planner.together import together
from mktdash.graphql.schema import _RUNS
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


@pytest.fixture
async def judged(ecb_engine):
    await run_quality(ecb_engine, clock=system_clock, code_sha="test")
    return ecb_engine


@pytest.fixture
async def web(judged):
    async with web_over(resources_over(judged, answer_cache_mb=0)) as opened:
        yield opened


@pytest.fixture
def by():
    """What executed the operations since the test began."""

    def count():
        return {one: _RUNS.labels(one)._value.get() for one in ("plan", "executor after plan", "executor")}

    before = count()
    return lambda: {one: int(n - before[one]) for one, n in count().items() if n != before[one]}


async def without_plans(web, monkeypatch, body):
    async def none(*_):
        raise NoPlanError

    with monkeypatch.context() as patched:
        patched.setattr(Plans, "run", none)
        return await web.client.post("/graphql", json=body)


def the_same_but_for_request_ids(content):
    return re.sub(rb'"requestId":"\w+"', b"", content)


@pytest.mark.parametrize("query", QUERIES)
async def test_a_plan_answers_what_the_executor_answers(web, monkeypatch, by, query):
    planned = await web.client.post("/graphql", json={"query": query})
    executed = await without_plans(web, monkeypatch, {"query": query})

    assert b"errors" not in planned.content
    assert planned.content == executed.content
    assert by() == {"plan": 1, "executor": 1}


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
async def test_a_plan_includes_and_skips_what_the_variables_say(web, monkeypatch, by, variables):
    body = {"query": SWITCHED, "variables": variables}
    # Those of another time must not decide.
    await web.client.post("/graphql", json=body | {"variables": {"none": not variables["none"]}})
    planned = await web.client.post("/graphql", json=body)

    assert b"errors" not in planned.content
    assert planned.content == (await without_plans(web, monkeypatch, body)).content
    assert by() == {"plan": 2, "executor": 1}


async def test_a_variable_that_is_not_right_is_told_as_the_executor_tells_it(web, by):
    error = await web.error(SWITCHED, {"none": None})

    assert (error["extensions"]["code"], "none" in error["message"]) == ("BAD_INPUT", True), error
    assert by() == {}


@pytest.mark.parametrize("query", WITHOUT_PLAN)
async def test_what_plans_do_not_know_is_executed(web, monkeypatch, by, query):
    answered = await web.client.post("/graphql", json={"query": query})

    assert answered.content == (await without_plans(web, monkeypatch, {"query": query})).content
    assert by() == {"executor": 2}


@pytest.mark.parametrize("query", WRONG)
async def test_what_goes_wrong_is_told_as_the_executor_tells_it(web, monkeypatch, by, query):
    planned = await web.client.post("/graphql", json={"query": query})
    executed = await without_plans(web, monkeypatch, {"query": query})

    assert b"errors" in planned.content
    assert the_same_but_for_request_ids(planned.content) == the_same_but_for_request_ids(executed.content)
    assert planned.status_code == executed.status_code
    assert by() == {"executor after plan": 1, "executor": 1}


async def test_coroutines_are_run_together_and_in_order():
    gate = asyncio.get_running_loop().create_future()

    async def double(n):
        if n % 2:
            await gate
        await asyncio.sleep(0)
        return 2 * n

    asyncio.get_running_loop().call_later(0.01, gate.set_result, None)

    assert await together([double(n) for n in range(7)]) == [0, 2, 4, 6, 8, 10, 12]


async def test_the_first_failure_ends_all_and_closes_the_rest():
    closed = []

    async def wait(n):
        try:
            if n == 3:
                raise ValueError(n)
            await asyncio.get_running_loop().create_future()
        finally:
            closed.append(n)

    with pytest.raises(ValueError, match="3"):
        await together([wait(n) for n in range(5)])

    assert sorted(closed) == [0, 1, 2, 3]
