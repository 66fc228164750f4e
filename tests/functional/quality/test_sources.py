"""Twin sources and vintages on recorded files of the real providers."""

import gzip
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.factories.quality import at
from tests.factories.sources.ingesting import ingest

from mktdash.providers.base import Provider, RawPayload
from mktdash.providers.cboe.client import CboeProvider
from mktdash.providers.fred.client import FredProvider
from mktdash.providers.treasury.client import TreasuryProvider
from mktdash.quality.base import CheckResult, Status
from mktdash.quality.checks.consistency.twins import by_session, compare
from mktdash.quality.runner import run_quality
from mktdash.store.catalogue.series import SeriesFilter, series_by_symbol
from mktdash.store.engine.session import read_transaction
from mktdash.store.series.reading import read_columns

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
NOW = at("2023-09-05T20:00")
FRED_URL = "https://fred.stlouisfed.org/graph/fredgraph.csv?id="


def recorded(name: str) -> bytes:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is missing: quality is not tried on this recorded file")
    body = path.read_bytes()
    return gzip.decompress(body) if name.endswith(".gz") else body


async def ingest_body(  # noqa: PLR0917  # who, what, from where and when, as at each call
    engine: AsyncEngine, provider: Provider, dataset: str, body: bytes, url: str, now: datetime
) -> None:
    payload = RawPayload(dataset, body, url, now, now)
    await ingest(engine, payload, provider)


async def verdicts(engine: AsyncEngine, dataset: str, now: datetime) -> dict[str, CheckResult]:
    (run,) = await run_quality(engine, clock=lambda: now, code_sha="abc123", datasets=[dataset])
    return {result.metric: result for result in run.results}


async def both_yields(engine: AsyncEngine, fred: bytes) -> None:
    await ingest_body(
        engine,
        TreasuryProvider(),
        "treasury-par-yields",
        recorded("wire/treasury/daily-treasury-rates-2023.csv"),
        "file:2023.csv",
        NOW,
    )
    await ingest_body(engine, FredProvider(), "fred-daily", fred, FRED_URL + "DGS10", at("2026-11-23T06:00"))


async def test_the_ten_year_yield_is_the_same_from_treasury_and_fred_in_2023(engine: AsyncEngine) -> None:
    await both_yields(engine, recorded("wire/fred/DGS10.csv"))

    result = (await verdicts(engine, "treasury-par-yields", NOW))["twins"]

    assert (result.status, result.value) == (Status.PASS, 0.0)
    (pair,) = result.evidence["pairs"]
    assert (pair["symbol"], pair["other"], pair["common"]) == ("UST10Y", "fred", 30)
    assert (pair["differences"], pair["only_here"], pair["only_there"]) == ([], [], [])
    async with read_transaction(engine) as conn:
        one = await series_by_symbol(conn, "UST10Y", SeriesFilter("treasury"))
        other = await series_by_symbol(conn, "UST10Y", SeriesFilter("fred"))
        found = compare(
            by_session(one, await read_columns(conn, one)), by_session(other, await read_columns(conn, other))
        )
    # All 169 sessions of January to August 2023, and not one difference.
    assert (len(found.common), found.differences, found.only_one, found.only_other) == (169, [], [], [])


async def test_a_twin_that_differs_is_named_with_the_day_and_both_values(engine: AsyncEngine) -> None:
    fred = recorded("wire/fred/DGS10.csv").replace(b"2023-08-30,4.12", b"2023-08-30,4.21")
    await both_yields(engine, fred)

    treasury = (await verdicts(engine, "treasury-par-yields", NOW))["twins"]
    fred_side = (await verdicts(engine, "fred-daily", at("2026-11-23T06:00")))["twins"]

    assert treasury.status is Status.WARN
    assert treasury.evidence["pairs"][0]["differences"] == [{"session": "2023-08-30", "treasury": 4.12, "fred": 4.21}]
    assert fred_side.evidence["pairs"][0]["differences"] == [{"session": "2023-08-30", "fred": 4.21, "treasury": 4.12}]


async def test_the_vix_close_is_the_same_from_cboe_and_fred_from_2021_on(engine: AsyncEngine) -> None:
    now = at("2026-07-24T20:00")
    cboe = recorded("vintages/cboe-vix-daily/2026-07-24T155313Z.csv.gz")
    await ingest_body(engine, CboeProvider(), "cboe-vix", cboe, "file:VIX_History.csv", now)
    await ingest_body(engine, FredProvider(), "fred-daily", recorded("wire/fred/VIXCLS.csv"), FRED_URL + "VIXCLS", now)

    result = (await verdicts(engine, "cboe-vix", now))["twins"]

    async with read_transaction(engine) as conn:
        one = await series_by_symbol(conn, "VIX", SeriesFilter("cboe"))
        other = await series_by_symbol(conn, "VIX", SeriesFilter("fred"))
        found = compare(
            by_session(one, await read_columns(conn, one)), by_session(other, await read_columns(conn, other))
        )
    assert (result.status, result.evidence["pairs"][0]["last"]) == (Status.PASS, "2026-04-13")
    assert (found.differences, found.only_one, found.only_other) == ([], [], [])
    assert found.common[0] == date(2021, 4, 13)


async def test_past_bars_that_a_vintage_made_impossible_are_told_when_they_arrive(engine: AsyncEngine) -> None:
    before, after = at("2024-08-10T00:41"), at("2024-08-13T00:42")
    provider = CboeProvider()
    first = recorded("vintages/cboe-vix-daily/2024-08-10T004114Z.csv.gz")
    await ingest_body(engine, provider, "cboe-vix", first, "file:VIX_History.csv", before)
    calm = (await verdicts(engine, "cboe-vix", before))["bars"]
    second = recorded("vintages/cboe-vix-daily/2024-08-13T004210Z.csv.gz")
    await ingest_body(engine, provider, "cboe-vix", second, "file:VIX_History.csv", after)

    results = await verdicts(engine, "cboe-vix", after)

    # 45 bars of 1992 to 2006 contradict themselves in all vintages; this one added to them.
    assert (calm.status, calm.value) == (Status.PASS, 0.0)
    assert results["bars"].status is Status.FAIL
    assert results["bars"].evidence["series"][0]["in_old_history"] <= 45
    assert all(point["at"] < "2020" for point in results["bars"].evidence["series"][0]["points"])
    assert results["freshness"].status is Status.PASS


async def test_a_header_that_a_source_renames_is_told(engine: AsyncEngine) -> None:
    now = at("2026-04-16T06:00")
    body = recorded("wire/fred/DGS10.csv")
    former = body.replace(b"observation_date,", b"DATE,", 1)
    await ingest_body(engine, FredProvider(), "fred-daily", former, FRED_URL + "DGS10", at("2026-04-15T06:00"))
    await ingest_body(engine, FredProvider(), "fred-daily", body, FRED_URL + "DGS10", now)

    result = (await verdicts(engine, "fred-daily", now))["layout"]

    assert result.status is Status.FAIL
    assert "DATE renamed to observation_date" in result.summary
    assert (await verdicts(engine, "fred-daily", at("2026-04-24T06:00")))["layout"].status is Status.PASS
