"""A run after an ingest looks into the series that were touched, into all of those and into no others."""

from datetime import timedelta

import pytest
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import DAY_0, scripted

from mktdash.quality import runner
from mktdash.quality.runner import run_quality
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import read_transaction

KEY = "scripted-daily"
DAYS = 60
NOW = DAY_0 + timedelta(days=DAYS - 1, hours=12)
LIVELY = {n: float(n * n % 17 + n % 5) for n in range(DAYS)}
STILL = dict.fromkeys(range(DAYS - 12, DAYS), 7.0)


async def ingest_values(engine, values):
    await ingest(engine, scripted(values, NOW))


@pytest.fixture
async def ids(engine):
    """Two series by symbol, each judged while it was lively; since then both stand still."""
    await ingest_values(engine, {"AAA": LIVELY, "BBB": LIVELY})
    await judged(engine)
    await ingest_values(engine, {"AAA": STILL, "BBB": STILL})
    async with read_transaction(engine) as conn:
        return {one.symbol: one.id for one in await series_of_dataset(conn, KEY)}


@pytest.fixture
def looked_into(monkeypatch):
    """The ids of the series whose observations were read."""
    seen, real = [], runner.read_subjects

    async def noting(conn, context, ids, **more):
        seen.extend(ids)
        return await real(conn, context, ids, **more)

    monkeypatch.setattr(runner, "read_subjects", noting)
    return seen


async def judged(engine, **more):
    """The flat runs found, by the symbols that have one."""
    (run,) = await run_quality(engine, clock=lambda: NOW, code_sha="t", datasets=[KEY], **more)
    (flat,) = (result for result in run.results if result.metric == "flat")
    return {symbol for symbol in ("AAA", "BBB") if symbol in str(flat.evidence)}, flat.status.value


@pytest.mark.parametrize("symbol", ["AAA", "BBB"])
async def test_what_was_touched_is_looked_into_and_nothing_else(engine, ids, looked_into, symbol):
    found, status = await judged(engine, series_ids=[ids[symbol]])

    assert (found, status) == ({symbol}, "FAIL")
    assert looked_into == [ids[symbol]]


async def test_all_that_were_touched_are_looked_into(engine, ids, looked_into):
    assert await judged(engine, series_ids=list(ids.values())) == ({"AAA", "BBB"}, "FAIL")
    assert looked_into == list(ids.values())


async def test_nothing_touched_leaves_what_was_found(engine, ids, looked_into):
    assert ids
    assert await judged(engine, series_ids=[]) == (set(), "PASS")
    assert looked_into == []
