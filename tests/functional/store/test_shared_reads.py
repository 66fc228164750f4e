"""A series whose pieces are known is read by one statement, for all who ask, and says what a transaction would say."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.sources.scripted import ScriptedProvider, day, scripted
from tests.factories.web.application import resources_over, web_over

from mktdash import app as entry
from mktdash.graphql.answer_cache.middleware import ANSWERS
from mktdash.graphql.planner.plans import Plans
from mktdash.ingest.pipeline import ingest_payload
from mktdash.store.series.whole_series import WholeSeries

pytestmark = pytest.mark.both_loops

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KNOWN = '{ series(symbol: "AAA") { id source unit { name } dataVersion points { asOfMs value flags count } } }'
MORE = [
    '{ series(symbol: "AAA") { latest { value } points { value } } }',
    '{ series(symbol: "AAA") { quality { status } points { value } } }',
    '{ a: series(symbol: "AAA") { points { value } } b: series(symbol: "BBB") { points { value } } }',
    '{ series(symbol: "AAA", from: "2020-01-02T00:00:00Z") { points { value } } }',
    '{ series(symbol: "AAA", maxPoints: 2) { points { value } } }',
    '{ series(symbol: "AAA") { unit { name } } }',
]


class Asking:
    """Asks as often as it is told: what is not declared makes no difference to an answer, and another question."""

    def __init__(self, web):
        self._web, self._n = web, 0
        self.error, self.resources = web.error, web.resources

    async def data(self, query):
        self._n += 1
        return await self._web.data(query, {"asked": self._n})


async def learn(engine, values, minute):
    known_at = NOW + timedelta(minutes=minute)
    payload = scripted(values, known_at)
    await ingest_payload(
        engine, ScriptedProvider(), payload, clock=lambda: known_at, run_id=f"run {minute}", code_sha="test"
    )


@pytest.fixture(autouse=True)
def wholes(monkeypatch):
    """What each application that is made here reads whole series by."""
    made = []

    def make(engine):
        made.append(WholeSeries(engine))
        return made[-1]

    monkeypatch.setattr(entry, "WholeSeries", make)
    return made


@pytest.fixture
async def web(engine):
    # Three years, so that there are several chunks.
    await learn(engine, {"AAA": {n: float(n) for n in range(0, 900, 7)}, "BBB": {0: 1.0}}, 0)
    async with web_over(resources_over(engine)) as opened:
        yield Asking(opened)


@pytest.fixture
def alone(web, wholes):
    """How many statements were asked alone since the last look; none on SQLite, where they cost little."""
    postgres, seen = web.resources.engine.dialect.name == "postgresql", 0
    (whole,) = wholes

    def since(expected):
        nonlocal seen
        before, seen = seen, whole.shared.reads
        return seen - before == (expected if postgres else 0)

    return since


async def test_it_answers_what_the_executor_answers(web, alone, monkeypatch):
    first = await web.data(KNOWN)
    second = await web.data(KNOWN)
    with monkeypatch.context() as patched:
        patched.setattr(Plans, "of", lambda *_: None)
        executed = await web.data(KNOWN)

    assert first == second == executed
    assert second["series"]["points"]["count"] == 129
    assert alone(2)


async def test_it_says_what_was_learned_since(engine, web):
    await web.data(KNOWN)
    before = await web.data(KNOWN)
    await learn(engine, {"AAA": {0: -1.0, 900: 900.0}}, 1)

    after = await web.data(KNOWN)

    assert after["series"]["points"]["value"] == [-1.0, *before["series"]["points"]["value"][1:], 900.0]
    assert after["series"]["points"]["asOfMs"][-1] == day(900) // 1000
    assert after["series"]["dataVersion"] == before["series"]["dataVersion"] + 1
    assert await web.data(KNOWN) == after


@pytest.mark.parametrize("query", MORE)
async def test_whatever_takes_more_is_read_in_one_transaction(web, alone, query):
    await web.data(KNOWN)
    assert alone(1)

    await web.data(query)
    await web.data(query)

    assert alone(0)


async def test_what_is_read_so_is_kept_and_gone_with_the_next_change(engine):
    await learn(engine, {"AAA": {0: 0.0}}, 0)
    async with web_over(resources_over(engine)) as web:
        before = ANSWERS.labels("hit")._value.get()
        await web.data(KNOWN)
        await learn(engine, {"AAA": {1: 1.0}}, 1)
        # The first makes the pieces, from the second on they are known.
        for n in range(3):
            assert (await web.data(KNOWN, {"asked": n}))["series"]["points"]["value"] == [0.0, 1.0]
        assert (await web.data(KNOWN, {"asked": 2}))["series"]["points"]["value"] == [0.0, 1.0]
        await learn(engine, {"AAA": {1: 2.0}}, 2)
        assert (await web.data(KNOWN, {"asked": 2}))["series"]["points"]["value"] == [0.0, 2.0]

        assert ANSWERS.labels("hit")._value.get() == before + 1


async def test_a_symbol_that_is_unknown_is_told_as_always(web):
    error = await web.error('{ series(symbol: "AAAA") { points { value } } }')

    assert error["extensions"]["code"] == "UNKNOWN_SYMBOL"


@pytest.mark.parametrize("symbol", ["AAA\u2028", "A'A", "AAA%", "\t"])
async def test_a_symbol_that_is_none_spoils_no_other_that_is_asked_with_it(web, symbol):
    await web.data(KNOWN)
    wrong = "query($symbol: String!) { series(symbol: $symbol) { points { value } } }"

    answers = await asyncio.gather(web.data(KNOWN), web.error(wrong, {"symbol": symbol}), web.data(KNOWN))

    assert answers[0]["series"]["points"]["count"] == answers[2]["series"]["points"]["count"] == 129
    assert answers[1]["extensions"]["code"] == "UNKNOWN_SYMBOL"


async def test_many_who_ask_together_are_served_by_one_statement(engine):
    await learn(engine, {"AAA": {0: 1.0}, "BBB": {0: 2.0}}, 0)
    whole = WholeSeries(engine)
    try:
        found = await asyncio.gather(*(whole.of("AAA" if n % 2 else "BBB") for n in range(40)))
    finally:
        await whole.aclose()

    if engine.dialect.name == "sqlite":
        assert found == [None] * 40
    else:
        assert [one[0].series.symbol for one in found] == ["BBB", "AAA"] * 20
        assert whole.shared.reads == 1
    assert engine.pool.checkedout() == 0
