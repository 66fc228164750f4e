"""Cboe's own history of the VIX, whole in one CSV file."""

from collections.abc import AsyncIterator, Iterator

from mktdash.domain.clock import Clock
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.cboe.parse import ALIAS, FIXING_TIME, TIMEZONE, parse

DATASET = "cboe-vix"
URL = "https://cdn.cboe.com/api/global/us_indices/daily_prices/VIX_History.csv"


class CboeProvider:
    """Daily open, high, low and close of the VIX since 1990, in the night after the session."""

    name = "cboe"
    policy = Policy(timeout_s=30.0, attempts=4, requests_per_s=0.5, poll_s=3600.0, cache_s=600.0)
    datasets = (
        DatasetSpec(
            key=DATASET,
            title="Cboe Volatility Index (VIX), daily",
            source="cboe",
            calendar="XNYS",
            timezone=TIMEZONE,
            fixing_time=FIXING_TIME,
            publish_delay_s=32_400,
            grace_s=57_600,
            licence="Cboe Global Indices, LLC; see its terms of use",
        ),
    )

    def __init__(self, url: str = URL) -> None:
        self._url = url

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring the history, which is one file whatever the window."""
        del window, clock
        yield await fetcher.get(self._url, dataset=DATASET)

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read the history."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The VIX, the only series there is."""
        if (dataset, alias) != (DATASET, ALIAS):
            return None
        instrument = InstrumentSpec("VIX", "Cboe Volatility Index", AssetClass.INDEX)
        return SeriesSpec(instrument, DATASET, ALIAS, Measure.INDEX, "1d", "index")
