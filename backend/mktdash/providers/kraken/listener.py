"""Listens to Kraken's WebSocket (version 2), and fetches missed trades over REST."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson

from mktdash.domain.clock import MICROS_PER_SECOND, Clock, to_micros
from mktdash.domain.errors import ProviderError
from mktdash.providers.base import Fetcher, RawPayload, Window
from mktdash.providers.kraken.pairs import DEFAULT, PAIRS
from mktdash.providers.kraken.parse import CANDLE_S, CANDLES, FULL_PAGE, LATEST_S, TRADES, refuse_errors
from mktdash.providers.reading.records import instant, numbers, parse_json
from mktdash.providers.streaming.second_batches import SecondBatches
from mktdash.providers.streaming.trade_gaps import Gap, GapWatch

_log = logging.getLogger(__name__)

# After a longer outage the candles are complete, and trades start from here.
_BACKFILL_S = 3600
_PAGES = 60
# A candle's last message comes shortly before its end; this long after it, it is final.
_CANDLE_SETTLE = MICROS_PER_SECOND
_TIME = 2
# Messages about the connection, not about the market.
_CONTROL = ("heartbeat", "status")
_KEPT_CANDLES = 1000


class KrakenListener:
    """One connection's worth of payloads."""

    def __init__(self, fetcher: Fetcher, rest_url: str, stream_url: str, clock: Clock, watch: GapWatch) -> None:
        self._fetcher = fetcher
        self._rest_url = rest_url
        self._stream_url = stream_url
        self._clock = clock
        self._watch = watch
        self._candles: dict[tuple[str, int], bytes] = {}
        self._unreadable: list[bytes] = []

    async def payloads(
        self, window: Window, *, silence_s: float, batches: Callable[[Callable[[], float]], SecondBatches]
    ) -> AsyncIterator[RawPayload]:
        """Trades and finished candles as they come; first, over REST, the trades since those held.

        Raises:
            ProviderError: the stream was refused, closed or fell silent.
        """
        async for payload in self._missed_before(window):
            yield payload
        trades = batches(asyncio.get_running_loop().time)
        async for message in self._fetcher.listen(self._stream_url, _subscriptions(), silence_s=silence_s):
            event = _read(message)
            channel = event.get("channel")
            if channel == "trade":
                trades.add(_on_one_line(message))
                async for payload in self._missed_now(event):
                    yield payload
            elif channel == "ohlc":
                self._keep_candles(event, _on_one_line(message))
            elif channel is not None and channel not in _CONTROL:
                _log.warning("kraken: the stream sent a channel that was not subscribed to: %s", str(channel)[:40])
            for dataset, body in ((TRADES, trades.take()), (CANDLES, self._final_candles())):
                if body:
                    now = self._clock()
                    yield RawPayload(dataset, body, self._stream_url, now, now, content_type="application/x-ndjson")

    async def _missed_before(self, window: Window) -> AsyncIterator[RawPayload]:
        if TRADES not in window.newest:
            return
        since = max(window.newest[TRADES], to_micros(self._clock()) - _BACKFILL_S * MICROS_PER_SECOND)
        for alias in DEFAULT:
            async for payload in self._trades_since(alias, since):
                yield payload

    async def _missed_now(self, event: dict[str, Any]) -> AsyncIterator[RawPayload]:
        for gap in self._gaps(event):
            _log.info("kraken: %s trades %d to %d were missed", gap.symbol, gap.after + 1, gap.before - 1)
            async for payload in self._trades_since(gap.symbol, gap.since):
                yield payload

    def _keep_candles(self, event: dict[str, Any], message: bytes) -> None:
        """Keep the newest message of each candle; one without a candle goes on, to be refused by the parser."""
        candles = _records(event)
        for one in candles:
            start, symbol = instant(one.get("interval_begin")), one.get("symbol")
            if start is None or not isinstance(symbol, str):
                self._unreadable.append(message)
            else:
                self._candles.pop((symbol, start), None)
                self._candles[symbol, start] = message
        if not candles:
            self._unreadable.append(message)
        while len(self._candles) > _KEPT_CANDLES:
            self._unreadable.append(self._candles.pop(next(iter(self._candles))))

    def _final_candles(self) -> bytes:
        before = to_micros(self._clock()) - CANDLE_S * MICROS_PER_SECOND - _CANDLE_SETTLE
        final = [key for key in self._candles if key[1] <= before]
        bodies = [*self._unreadable, *(self._candles.pop(key) for key in final)]
        self._unreadable.clear()
        return b"\n".join(dict.fromkeys(bodies))

    def _gaps(self, event: dict[str, Any]) -> Iterator[Gap]:
        trades: dict[str, list[tuple[int, int]]] = {}
        for one in _records(event):
            number, at, symbol = one.get("trade_id"), instant(one.get("timestamp")), str(one.get("symbol"))
            if isinstance(number, int) and at is not None and symbol in PAIRS:
                trades.setdefault(symbol, []).append((number, at))
        for symbol, several in trades.items():
            gap = self._watch.observe(symbol, several)
            if gap is not None:
                yield gap

    async def _trades_since(self, alias: str, since: int) -> AsyncIterator[RawPayload]:
        """Pages of trades from an instant on, in microseconds.

        Each begins with the last millisecond of the one before, which that one's end may have cut.
        """
        cursor = since // 1000 * 1_000_000 - 1
        for _ in range(_PAGES):
            payload = await self._fetcher.get(
                f"{self._rest_url}/Trades",
                dataset=TRADES,
                params={"pair": PAIRS[alias].asked, "since": str(cursor)},
                check=refuse_errors,
            )
            times = _times(payload)
            if not times:
                return
            yield payload
            newest = int(max(times) * 1000) * 1_000_000 - 1
            if len(times) < FULL_PAGE or newest <= cursor:
                return
            cursor = newest
        _log.warning("kraken: more %s trades were missed than %d pages hold", alias, _PAGES)


def _subscriptions() -> list[str]:
    pairs = list(DEFAULT)
    wanted: tuple[dict[str, Any], ...] = (
        {"channel": "trade", "symbol": pairs, "snapshot": True},
        {"channel": "ohlc", "symbol": pairs, "interval": 1, "snapshot": True},
    )
    return [orjson.dumps({"method": "subscribe", "params": one}).decode() for one in wanted]


def _read(message: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise ProviderError("kraken: the stream sent something that is not JSON", source="kraken") from error
    if not isinstance(event, dict):
        raise ProviderError("kraken: the stream sent something that is not a message", source="kraken")
    if event.get("success") is False:
        raise ProviderError(f"kraken: the stream refused: {event.get('error')}", source="kraken")
    return event


def _records(event: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a message; an empty one for each that is not a record."""
    data = event.get("data")
    return [one if isinstance(one, dict) else {} for one in data] if isinstance(data, list) else []


def _on_one_line(message: bytes) -> bytes:
    """A message as a line of its own; JSON may be written over several."""
    return message.replace(b"\r", b" ").replace(b"\n", b" ")


def _times(payload: RawPayload) -> list[float]:
    """The times of a page of trades, in seconds."""
    with payload.open() as stream:
        answer = parse_json(stream.read(), "Kraken")
    result = answer.get("result") if isinstance(answer, dict) else None
    pairs = result.items() if isinstance(result, dict) else ()
    rows = next((rows for key, rows in pairs if key != "last" and isinstance(rows, list)), [])
    times, good = numbers([row[_TIME] for row in rows if isinstance(row, list) and len(row) > _TIME])
    return [one for one in times[good].tolist() if abs(one) < LATEST_S]
