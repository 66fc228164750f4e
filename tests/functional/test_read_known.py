"""A series whose pieces are all known is read by one statement alone, and says what a transaction would say."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from tests.factories.provider import ScriptedProvider, day, scripted
from tests.factories.web import resources_over, web_over

from mktdash.graphql import history
from mktdash.graphql.planned import Plans
from mktdash.ingest.pipeline import ingest_payload
from mktdash.store.session import read_once, read_transaction

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
# It would count for longer than any test waits.
ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT count(*) FROM n"
)


async def learn(engine, values, minute):
    known_at = NOW + timedelta(minutes=minute)
    payload = scripted(values, known_at)
    await ingest_payload(
        engine, ScriptedProvider(), payload, clock=lambda: known_at, run_id=f"run {minute}", code_sha="test"
    )


@pytest.fixture
async def web(engine):
    # Three years, so that there are several chunks.
    await learn(engine, {"AAA": {n: float(n) for n in range(0, 900, 7)}, "BBB": {0: 1.0}}, 0)
    async with web_over(resources_over(engine, answer_cache_mb=0)) as opened:
        yield opened


@pytest.fixture
def alone(monkeypatch):
    """How often one statement was asked alone."""
    asked = []

    def counted(engine):
        asked.append(engine)
        return read_once(engine)

    monkeypatch.setattr(history, "read_once", counted)
    return asked


async def test_it_answers_what_the_executor_answers(web, alone, monkeypatch):
    first = await web.data(KNOWN)
    second = await web.data(KNOWN)
    with monkeypatch.context() as patched:
        patched.setattr(Plans, "of", lambda *_: None)
        executed = await web.data(KNOWN)

    assert first == second == executed
    assert second["series"]["points"]["count"] == 129
    assert len(alone) == 2


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
    alone.clear()

    await web.data(query)
    await web.data(query)

    assert alone == []


async def test_what_is_to_be_kept_is_read_with_its_versions(engine, alone):
    await learn(engine, {"AAA": {0: 0.0}}, 0)
    async with web_over(resources_over(engine)) as web:
        await web.data(KNOWN)
        await learn(engine, {"AAA": {1: 1.0}}, 1)

        assert (await web.data(KNOWN))["series"]["points"]["value"] == [0.0, 1.0]
    assert alone == []


async def test_a_symbol_that_is_unknown_is_told_as_always(web):
    error = await web.error('{ series(symbol: "AAAA") { points { value } } }')

    assert error["extensions"]["code"] == "UNKNOWN_SYMBOL"


async def test_a_statement_given_up_ends_in_the_database_and_leaves_its_connection_well(engine):
    began = asyncio.Event()

    async def endless():
        async with read_once(engine) as conn:
            await conn.execute(text("SELECT 1"))
            began.set()
            await conn.execute(ENDLESS)

    work = asyncio.create_task(endless())
    await began.wait()
    # when
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    # then
    running = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%RECURSIVE n(i)%'")
    async with asyncio.timeout(60):
        for _ in range(3):
            async with read_once(engine) as conn:
                assert (await conn.execute(text("SELECT 7"))).scalar_one() == 7
        while engine.dialect.name == "postgresql":
            async with read_transaction(engine) as conn:
                if (await conn.execute(running)).scalar_one() <= 1:
                    break
            await asyncio.sleep(0.01)
    assert engine.pool.checkedout() == 0
