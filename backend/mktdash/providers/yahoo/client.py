"""Yahoo's chart endpoint. Opt-in: it is unofficial, changes without notice, and its terms are for personal use."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote

from mktdash.domain.clock import Clock
from mktdash.domain.errors import ProviderError
from mktdash.domain.instrument import AssetClass, DatasetSpec, Measure, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.yahoo.parse import FIXING_TIME, TIMEZONE, parse
from mktdash.providers.yahoo.symbols import SYMBOLS

DATASET = "yahoo-daily"
BASE_URL = "https://query1.finance.yahoo.com/v8/finance/chart"


class YahooProvider:
    """Daily bars, prices adjusted for splits."""

    name = "yahoo"
    policy = Policy(
        timeout_s=15.0,
        attempts=3,
        requests_per_s=0.5,
        poll_s=3600.0,
        cache_s=600.0,
        headers={"User-Agent": "Mozilla/5.0 (compatible; mktdash)"},
    )
    datasets = (
        DatasetSpec(
            key=DATASET,
            title="Yahoo daily bars",
            source="yahoo",
            calendar="XNYS",
            timezone=TIMEZONE,
            fixing_time=FIXING_TIME,
            publish_delay_s=3600,
            grace_s=21_600,
            licence="Yahoo terms of service: personal use",
        ),
    )

    def __init__(self, base_url: str = BASE_URL) -> None:
        self._base_url = base_url

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring each symbol's bars; one that fails keeps no other back, its error is raised after them."""
        last = window.last + timedelta(days=1) if window.last else clock().date() + timedelta(days=1)
        first = int(datetime.combine(window.first, time(), UTC).timestamp()) if window.first else 0
        params = {
            "interval": "1d",
            "period1": str(first),
            "period2": str(int(datetime.combine(last, time(), UTC).timestamp())),
        }
        failed: ProviderError | None = None
        for symbol in SYMBOLS:
            try:
                yield await fetcher.get(f"{self._base_url}/{quote(symbol)}", dataset=DATASET, params=params)
            except ProviderError as error:
                if error.retryable:
                    raise
                failed = error
        if failed is not None:
            raise failed

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read one symbol's chart."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a Yahoo symbol."""
        instrument = SYMBOLS.get(alias)
        if instrument is None or dataset != DATASET:
            return None
        index = instrument.asset_class is AssetClass.INDEX
        return SeriesSpec(
            instrument=instrument,
            dataset=DATASET,
            alias=alias,
            measure=Measure.INDEX if index else Measure.PRICE,
            interval="1d",
            unit="index" if index else "USD",
            adjustment="none" if index else "split",
        )
