"""Listens to Coinbase's WebSocket feed, and fetches missed trades over REST."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson

from mktdash.domain.clock import Clock
from mktdash.domain.errors import ProviderError
from mktdash.providers.base import Fetcher, RawPayload
from mktdash.providers.coinbase.parse import PRODUCTS, TRADES
from mktdash.providers.reading.records import instant, parse_json
from mktdash.providers.streaming.second_batches import SecondBatches
from mktdash.providers.streaming.trade_gaps import Gap, GapWatch

_log = logging.getLogger(__name__)

_PAGE = 1000
_PAGES = 20
_OVERLAP = 100
_MATCHES = frozenset({"match", "last_match"})
# Messages about the connection, not about the market. Anything else is a record, even if it is to be refused.
_CONTROL = frozenset({"subscriptions", "heartbeat"})


class CoinbaseListener:
    """One connection's worth of payloads."""

    def __init__(self, fetcher: Fetcher, rest_url: str, stream_url: str, clock: Clock, watch: GapWatch) -> None:
        self._fetcher = fetcher
        self._rest_url = rest_url
        self._stream_url = stream_url
        self._clock = clock
        self._watch = watch

    async def payloads(
        self, *, silence_s: float, batches: Callable[[Callable[[], float]], SecondBatches]
    ) -> AsyncIterator[RawPayload]:
        """Trades as they come.

        Raises:
            ProviderError: the stream was refused, closed or fell silent.
        """
        matches = batches(asyncio.get_running_loop().time)
        subscribe = {"type": "subscribe", "product_ids": list(PRODUCTS), "channels": ["matches", "heartbeat"]}
        wanted = [orjson.dumps(subscribe).decode()]
        async for message in self._fetcher.listen(self._stream_url, wanted, silence_s=silence_s):
            event = _read(message)
            if str(event.get("type")) not in _CONTROL:
                matches.add(_on_one_line(message))
                gap = self._gap(event)
                if gap is not None:
                    async for payload in self._missed(gap):
                        yield payload
            if body := matches.take():
                now = self._clock()
                yield RawPayload(TRADES, body, self._stream_url, now, now, content_type="application/x-ndjson")

    def _gap(self, event: dict[str, Any]) -> Gap | None:
        number, at, product = event.get("trade_id"), instant(event.get("time")), str(event.get("product_id"))
        if (
            str(event.get("type")) not in _MATCHES
            or product not in PRODUCTS
            or not isinstance(number, int)
            or at is None
        ):
            return None
        return self._watch.observe(product, [(number, at)])

    async def _missed(self, gap: Gap) -> AsyncIterator[RawPayload]:
        """The pages of trades, newest first, that fill a gap; ``after`` is Coinbase's cursor towards older ones.

        Pages overlap each other and the gap's ends, for the milliseconds at a page's ends may be cut and are not read.
        """
        _log.info("coinbase: %s trades %d to %d were missed", gap.symbol, gap.after + 1, gap.before - 1)
        cursor = gap.before + _OVERLAP
        for _ in range(_PAGES):
            payload = await self._fetcher.get(
                f"{self._rest_url}/products/{gap.symbol}/trades",
                dataset=TRADES,
                params={"after": str(cursor), "limit": str(_PAGE)},
            )
            numbers = _numbers(payload)
            if not numbers:
                return
            yield payload
            oldest = min(numbers)
            if oldest <= gap.after - _OVERLAP or oldest + _OVERLAP >= cursor:
                return
            cursor = oldest + _OVERLAP
        _log.warning("coinbase: more %s trades were missed than %d pages hold", gap.symbol, _PAGES)


def _read(message: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise ProviderError("coinbase: the stream sent something that is not JSON", source="coinbase") from error
    if not isinstance(event, dict):
        raise ProviderError("coinbase: the stream sent something that is not a message", source="coinbase")
    if event.get("type") == "error":
        reason = f"{event.get('message')} {event.get('reason') or ''}".strip()
        raise ProviderError(f"coinbase: the stream refused: {reason}", source="coinbase")
    return event


def _on_one_line(message: bytes) -> bytes:
    """A message as a line of its own; JSON may be written over several."""
    return message.replace(b"\r", b" ").replace(b"\n", b" ")


def _numbers(payload: RawPayload) -> list[int]:
    """The numbers of a page of trades."""
    with payload.open() as stream:
        answer = parse_json(stream.read(), "Coinbase")
    rows = answer if isinstance(answer, list) else []
    return [row["trade_id"] for row in rows if isinstance(row, dict) and isinstance(row.get("trade_id"), int)]
