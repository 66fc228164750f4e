"""Parses Binance's one-minute klines: rows of text numbers, the last of them still being made.

Its times are milliseconds, or microseconds where it was asked for them and in the files that it publishes since 2025.
"""

from collections.abc import Iterator

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.base import Parsed, RawPayload
from mktdash.providers.reading.records import bars, parse_json

CANDLES = "binance-ohlc-1m"
SYMBOLS = {"BTCUSDT": ("BTC-USDT", "Bitcoin / Tether"), "ETHUSDT": ("ETH-USDT", "Ether / Tether")}

_CANDLE = {"time": 0, "open": 1, "high": 2, "low": 3, "value": 4, "volume": 5}
_CANDLE_S = 60


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read a page of klines.

    Raises:
        ProviderFormatError: it is not Binance's format, or of no symbol known here.
    """
    alias = next((symbol for symbol in SYMBOLS if symbol in payload.url), None)
    if alias is None:
        raise ProviderFormatError("Binance: the address names no symbol known here", url=payload.url)
    with payload.open() as stream:
        answer = parse_json(stream.read(), "Binance")
    if not isinstance(answer, list):
        message = str(answer.get("msg"))[:200] if isinstance(answer, dict) else ""
        raise ProviderFormatError(f"Binance: the answer is not a list: {message}", answer=message)
    last = to_micros(payload.fetched_at) - _CANDLE_S * MICROS_PER_SECOND
    yield bars("Binance", alias, answer, _CANDLE, seconds=_CANDLE_S, is_final=lambda start: start <= last)
