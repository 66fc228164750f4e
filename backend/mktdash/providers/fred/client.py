"""The St. Louis Fed's FRED, through the keyless CSV of its graphs."""

from collections.abc import AsyncIterator, Iterator

from mktdash.domain.clock import Clock
from mktdash.domain.errors import ProviderError
from mktdash.domain.instrument import DatasetSpec, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.fred.parse import FIXING_TIME, TIMEZONE, parse
from mktdash.providers.fred.series import DAILY, MONTHLY, SERIES

BASE_URL = "https://fred.stlouisfed.org/graph/fredgraph.csv"

_LICENCE = "FRED terms of use; the S&P 500 and the VIX are their owners'"


class FredProvider:
    """Daily yields and indexes, and monthly figures; one request a series."""

    name = "fred"
    policy = Policy(timeout_s=30.0, attempts=4, requests_per_s=1.0, poll_s=3600.0, cache_s=600.0)
    datasets = (
        DatasetSpec(
            key=DAILY,
            title="FRED daily series",
            source="fred",
            calendar="SIFMA_US",
            timezone=TIMEZONE,
            fixing_time=FIXING_TIME,
            # The next business day at about 16:15; over a long weekend that is four days on.
            publish_delay_s=86_400,
            grace_s=266_400,
            licence=_LICENCE,
        ),
        DatasetSpec(
            key=MONTHLY,
            title="FRED monthly series",
            source="fred",
            calendar="MONTHLY",
            timezone=TIMEZONE,
            fixing_time=FIXING_TIME,
            # A month's figure is published around the middle of the next month.
            publish_delay_s=15 * 86_400,
            grace_s=5 * 86_400,
            licence=_LICENCE,
        ),
    )

    def __init__(self, base_url: str = BASE_URL) -> None:
        self._base_url = base_url

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring every series from the window's beginning on.

        One series that fails does not keep the others back; its error is raised after them.
        """
        del clock
        failed: ProviderError | None = None
        for fred_id, series in SERIES.items():
            params = {"id": fred_id}
            if window.first:
                params["cosd"] = window.first.isoformat()
            if window.last:
                params["coed"] = window.last.isoformat()
            try:
                yield await fetcher.get(self._base_url, dataset=series.dataset, params=params)
            except ProviderError as error:
                if error.retryable:
                    raise
                failed = error
        if failed is not None:
            raise failed

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read one series' file."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a FRED id."""
        known = SERIES.get(alias)
        return known.spec(alias) if known is not None and known.dataset == dataset else None
