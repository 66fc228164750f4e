"""Reads Binance's one-minute klines: rows of text numbers, the last of them still being made."""

from collections.abc import Iterator
from typing import Any

from mktdash.domain.clock import to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.base import Parsed, RawPayload
from mktdash.providers.records import bars, json_of

CANDLES = "binance-ohlc-1m"
SYMBOLS = {"BTCUSDT": ("BTC-USDT", "Bitcoin / Tether"), "ETHUSDT": ("ETH-USDT", "Ether / Tether")}

_CANDLE = {"time": 0, "open": 1, "high": 2, "low": 3, "value": 4, "volume": 5}
_CANDLE_S = 60
_MICROS_PER_MILLI = 1000


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read a page of klines.

    Raises:
        ProviderFormatError: it is not Binance's format, or of no symbol known here.
    """
    alias = next((symbol for symbol in SYMBOLS if symbol in payload.url), None)
    if alias is None:
        raise ProviderFormatError("Binance: the address names no symbol known here", url=payload.url)
    with payload.open() as stream:
        said = json_of(stream.read(), "Binance")
    if not isinstance(said, list):
        message = str(said.get("msg"))[:200] if isinstance(said, dict) else ""
        raise ProviderFormatError(f"Binance: the answer is no list: {message}", said=message)
    last = to_micros(payload.fetched_at) // _MICROS_PER_MILLI - _CANDLE_S * 1000
    yield bars(
        alias, [row for row in said if not _is_open(row, last)], _CANDLE, seconds=_CANDLE_S, unit=_MICROS_PER_MILLI
    )


def _is_open(row: Any, last: int) -> bool:
    return isinstance(row, list) and bool(row) and isinstance(row[0], int) and row[0] > last
