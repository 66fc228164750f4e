"""Coinbase Exchange: one-minute candles over REST in pages; trades over its WebSocket, missed trades over REST."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, time, timedelta

from mktdash.domain.clock import Clock, from_micros
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.coinbase.listener import CoinbaseListener
from mktdash.providers.coinbase.parse import CANDLES, PRODUCTS, TRADES, parse
from mktdash.providers.streaming.second_batches import SecondBatches
from mktdash.providers.streaming.trade_gaps import GapWatch

REST_URL = "https://api.exchange.coinbase.com"
STREAM_URL = "wss://ws-feed.exchange.coinbase.com"

# The heartbeat channel beats each second.
_SILENCE_S = 10.0
# At most 300 candles an answer.
_PAGE = timedelta(minutes=299)
_BACKFILL = timedelta(hours=12)
_LICENCE = "Coinbase Exchange public market data; see its terms"


class CoinbaseProvider:
    """Spot products around the clock."""

    name = "coinbase"
    policy = Policy(timeout_s=15.0, attempts=4, requests_per_s=3.0, poll_s=60.0, cache_s=0.0)
    datasets = (
        DatasetSpec(
            key=CANDLES,
            title="Coinbase spot, one-minute candles",
            source="coinbase",
            calendar="24/7",
            timezone="UTC",
            fixing_time="00:00",
            publish_delay_s=5,
            grace_s=180,
            licence=_LICENCE,
        ),
        DatasetSpec(
            key=TRADES,
            title="Coinbase spot, trades by the millisecond",
            source="coinbase",
            # Trades come when they come: no schedule can say that one is late.
            calendar="",
            timezone="UTC",
            fixing_time="00:00",
            publish_delay_s=0,
            grace_s=0,
            licence=_LICENCE,
        ),
    )

    def __init__(
        self,
        rest_url: str = REST_URL,
        stream_url: str = STREAM_URL,
        *,
        silence_s: float = _SILENCE_S,
        batches: Callable[[Callable[[], float]], SecondBatches] = SecondBatches,
    ) -> None:
        self._rest_url = rest_url
        self._stream_url = stream_url
        self._silence_s = silence_s
        self._batches = batches
        self._watch = GapWatch()

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring candles, oldest page first: from the window's first day, else the newest held, else 12 hours."""
        first, last = _bounds(window, clock())
        for product in PRODUCTS:
            start = first
            while start < last:
                end = min(start + _PAGE, last)
                yield await fetcher.get(
                    f"{self._rest_url}/products/{product}/candles",
                    dataset=CANDLES,
                    params={"granularity": "60", "start": _text(start), "end": _text(end)},
                )
                start = end

    def stream(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring trades as they come, and over REST those that the stream left out.

        Raises:
            ProviderError: the stream was refused, closed or fell silent.
        """
        del window  # REST finds missed trades by number, which only a running process knows
        listener = CoinbaseListener(fetcher, self._rest_url, self._stream_url, clock, self._watch)
        return listener.payloads(silence_s=self._silence_s, batches=self._batches)

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read a payload of either dataset."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a product."""
        name = PRODUCTS.get(alias)
        if name is None or dataset not in {CANDLES, TRADES}:
            return None
        instrument = InstrumentSpec(alias, name, AssetClass.CRYPTO, currency="USD")
        return SeriesSpec(instrument, dataset, alias, Measure.PRICE, "1m" if dataset == CANDLES else "1s", "USD")


def _bounds(window: Window, now: datetime) -> tuple[datetime, datetime]:
    minute = now.replace(second=0, microsecond=0)
    last = minute
    if window.last is not None:
        last = min(minute, datetime.combine(window.last + timedelta(days=1), time(), UTC))
    if window.first is not None:
        return datetime.combine(window.first, time(), UTC), last
    first = minute - _BACKFILL
    if CANDLES in window.newest:
        first = max(first, from_micros(window.newest[CANDLES]) - timedelta(minutes=2))
    return first, last


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
