"""The US Treasury's daily par yield curve rates, one CSV file a year."""

from collections.abc import AsyncIterator, Iterator
from zoneinfo import ZoneInfo

from mktdash.domain.clock import Clock
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.treasury.parse import FIXING_TIME, MATURITIES, TIMEZONE, parse

DATASET = "treasury-par-yields"
BASE_URL = "https://home.treasury.gov/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv"

_FIRST_YEAR = 1990


class TreasuryProvider:
    """Par yields of 14 maturities, in percent, each business day by about 18:00 in New York."""

    name = "treasury"
    policy = Policy(timeout_s=30.0, attempts=4, requests_per_s=0.5, poll_s=3600.0, cache_s=100.0)
    datasets = (
        DatasetSpec(
            key=DATASET,
            title="US Treasury daily par yield curve rates",
            source="treasury",
            calendar="SIFMA_US",
            timezone=TIMEZONE,
            fixing_time=FIXING_TIME,
            publish_delay_s=9000,
            grace_s=14_400,
            licence="Public domain (US Department of the Treasury)",
        ),
    )

    def __init__(self, base_url: str = BASE_URL) -> None:
        self._base_url = base_url

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring the files of the window's years; all since 1990 where it has no beginning."""
        this_year = clock().astimezone(ZoneInfo(TIMEZONE)).year
        first = max(window.first.year, _FIRST_YEAR) if window.first else _FIRST_YEAR
        last = min(window.last.year, this_year) if window.last else this_year
        for year in range(first, last + 1):
            yield await fetcher.get(
                f"{self._base_url}/{year}/all",
                dataset=DATASET,
                params={
                    "type": "daily_treasury_yield_curve",
                    "field_tdr_date_value": str(year),
                    "page": "",
                    "_format": "csv",
                },
            )

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read one year's file."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a maturity's column."""
        known = MATURITIES.get(alias)
        if known is None or dataset != DATASET:
            return None
        symbol, maturity = known
        instrument = InstrumentSpec(symbol, f"US Treasury par yield, {maturity}", AssetClass.RATE, currency="USD")
        # Yields at the short end have been zero and below.
        return SeriesSpec(instrument, DATASET, alias, Measure.YIELD, "1d", "percent", positive=False)
