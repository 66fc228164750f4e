"""Tickers as the world writes them, from a file through the store to an answer."""

from datetime import UTC, datetime

from tests.factories.sources.ingesting import ingest
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import system_clock
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.reports.market_summary.parameters import MarketSummaryParameters

TICKERS = (
    *("BRK.B", "BRK-B", "^DJI", "BTC/USD", "EURUSD=X", "0700.HK", ".INX", "ÅKER", "株", "M&M.NS", "$SPX", "ES=F"),
    *("BF B", "RDS.A*", "C#", "50%", "A|B", "O'X", "กข้อ"),
)
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MAPPING = CsvMapping(dataset="tickers", date="d", symbol_column="s", value="v")


async def test_every_ticker_is_found_by_its_own_name(engine):
    body = "\n".join(["d,s,v", *(f"2024-01-02,{ticker},{n}" for n, ticker in enumerate(TICKERS, start=1))])
    payload = RawPayload("tickers", body.encode(), "file:t.csv", NOW, NOW)
    report = await ingest(engine, payload, CsvProvider(MAPPING), now=system_clock())
    assert (report.new, report.rejected) == (len(TICKERS), 0)

    async with web_over(resources_over(engine)) as web:
        for n, ticker in enumerate(TICKERS, start=1):
            said = await web.data("query($s: String!) { series(symbol: $s) { points { value } } }", {"s": ticker})
            assert said["series"]["points"]["value"] == [float(n)], ticker


def test_a_report_can_ask_for_every_ticker():
    assert MarketSummaryParameters(symbols=list(TICKERS)).symbols == list(TICKERS)
