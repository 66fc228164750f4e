"""Kraken: one-minute candles over REST; trades and candles over its WebSocket, missed trades over REST."""

from collections.abc import AsyncIterator, Callable, Iterator

from mktdash.domain.clock import MICROS_PER_SECOND, Clock
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.kraken.listener import KrakenListener
from mktdash.providers.kraken.pairs import DEFAULT, PAIRS
from mktdash.providers.kraken.parse import CANDLE_S, CANDLES, TRADES, parse, refuse_errors
from mktdash.providers.streaming.second_batches import SecondBatches
from mktdash.providers.streaming.trade_gaps import GapWatch

REST_URL = "https://api.kraken.com/0/public"
STREAM_URL = "wss://ws.kraken.com/v2"

# It sends a heartbeat each second.
_SILENCE_S = 10.0
_LICENCE = "Kraken public market data; see its terms of service"


class KrakenProvider:
    """Spot pairs around the clock."""

    name = "kraken"
    policy = Policy(timeout_s=15.0, attempts=4, requests_per_s=0.9, poll_s=60.0, cache_s=0.0)
    datasets = (
        DatasetSpec(
            key=CANDLES,
            title="Kraken spot, one-minute candles",
            source="kraken",
            calendar="24/7",
            timezone="UTC",
            fixing_time="00:00",
            publish_delay_s=5,
            grace_s=180,
            licence=_LICENCE,
        ),
        DatasetSpec(
            key=TRADES,
            title="Kraken spot, trades by the millisecond",
            source="kraken",
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
        """Bring the candles since the newest one held; Kraken gives the last 720 at most, however old the beginning."""
        del clock
        for alias in DEFAULT:
            params = {"pair": PAIRS[alias].asked, "interval": "1"}
            if CANDLES in window.newest:
                params["since"] = str(window.newest[CANDLES] // MICROS_PER_SECOND - 2 * CANDLE_S)
            yield await fetcher.get(f"{self._rest_url}/OHLC", dataset=CANDLES, params=params, check=refuse_errors)

    def stream(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring trades and finished candles as they come, and over REST the trades that were missed before.

        Raises:
            ProviderError: the stream was refused, closed or fell silent.
        """
        listener = KrakenListener(fetcher, self._rest_url, self._stream_url, clock, self._watch)
        return listener.payloads(window, silence_s=self._silence_s, batches=self._batches)

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read a payload of either dataset, from either place."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a pair, by the WebSocket's name."""
        pair = PAIRS.get(alias)
        if pair is None or dataset not in {CANDLES, TRADES}:
            return None
        instrument = InstrumentSpec(pair.symbol, pair.name, AssetClass.CRYPTO, currency=pair.currency)
        interval = "1m" if dataset == CANDLES else "1s"
        return SeriesSpec(instrument, dataset, alias, Measure.PRICE, interval, pair.unit)
