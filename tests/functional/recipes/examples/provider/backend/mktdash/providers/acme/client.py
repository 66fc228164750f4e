"""Acme's daily settlements of two contracts, whole in one CSV file."""

from collections.abc import AsyncIterator, Iterator

from mktdash.domain.clock import Clock
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.providers.acme.parse import CONTRACTS, FIXING_TIME, TIMEZONE, parse
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window

DATASET = "acme-settlements"
URL = "https://acme.example/settlements.csv"


class AcmeProvider:
    """Settlements, half an hour after the close."""

    name = "acme"
    policy = Policy(timeout_s=20.0, attempts=3, requests_per_s=0.5, poll_s=1800.0, cache_s=300.0)
    datasets = (
        DatasetSpec(
            key=DATASET,
            title="Acme settlements",
            source="acme",
            calendar="XPAR",
            timezone=TIMEZONE,
            fixing_time=FIXING_TIME,
            publish_delay_s=1_800,
            grace_s=3_600,
            licence="Acme; see its terms of use",
        ),
    )

    def __init__(self, url: str = URL) -> None:
        self._url = url

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Fetch the file, which has everything whatever the window."""
        del window, clock
        yield await fetcher.get(self._url, dataset=DATASET)

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read the file."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """A contract, under its code with the exchange before it."""
        if dataset != DATASET or alias not in CONTRACTS:
            return None
        instrument = InstrumentSpec(f"ACME.{alias}", CONTRACTS[alias], AssetClass.COMMODITY, "EUR")
        return SeriesSpec(instrument, DATASET, alias, Measure.PRICE, "1d", "EUR")
