"""Binance spot klines over REST. Opt-in: it serves no visitor from some countries, and bans who asks too much (418)."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta

from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.binance.parse import CANDLES, SYMBOLS, parse

BASE_URL = "https://api.binance.com/api/v3"

_MINUTE_MS = 60_000
_PAGE = 1000
_BACKFILL_MS = 12 * 3600 * 1000


class BinanceProvider:
    """Spot symbols around the clock."""

    name = "binance"
    policy = Policy(timeout_s=15.0, attempts=4, requests_per_s=5.0, poll_s=60.0, cache_s=0.0)
    datasets = (
        DatasetSpec(
            key=CANDLES,
            title="Binance spot, one-minute klines",
            source="binance",
            calendar="24/7",
            timezone="UTC",
            fixing_time="00:00",
            publish_delay_s=5,
            grace_s=180,
            licence="Binance public market data; see its terms",
        ),
    )

    def __init__(self, base_url: str = BASE_URL) -> None:
        self._base_url = base_url

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring klines page by page, oldest first: from the window's first day, else the newest held, else 12 hours."""
        first, last = _bounds(window, clock())
        for symbol in SYMBOLS:
            start = first
            while start < last:
                yield await fetcher.get(
                    f"{self._base_url}/klines",
                    dataset=CANDLES,
                    params={
                        "symbol": symbol,
                        "interval": "1m",
                        "startTime": str(start),
                        "endTime": str(last),
                        "limit": str(_PAGE),
                    },
                )
                start += _PAGE * _MINUTE_MS

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read a page of klines."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a symbol."""
        known = SYMBOLS.get(alias)
        if known is None or dataset != CANDLES:
            return None
        symbol, name = known
        return SeriesSpec(InstrumentSpec(symbol, name, AssetClass.CRYPTO), CANDLES, alias, Measure.PRICE, "1m", "USDT")


def _bounds(window: Window, now: datetime) -> tuple[int, int]:
    """Milliseconds since 1970."""
    last = to_micros(now) // 1000
    if window.last is not None:
        last = min(last, to_micros(datetime.combine(window.last + timedelta(days=1), time(), UTC)) // 1000)
    if window.first is not None:
        return to_micros(datetime.combine(window.first, time(), UTC)) // 1000, last
    first = last - _BACKFILL_MS
    if CANDLES in window.newest:
        first = max(first, window.newest[CANDLES] // 1000 - 2 * _MINUTE_MS)
    return first // _MINUTE_MS * _MINUTE_MS, last
