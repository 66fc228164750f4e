"""Reads Kraken: candles and trades, as REST answers them and as the WebSocket (version 2) tells them, line by line."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.domain.errors import ProviderError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload, Rejection
from mktdash.providers.kraken.pairs import alias_of
from mktdash.providers.records import bars, json_of, numbers, ticks

CANDLES = "kraken-ohlc-1m"
TRADES = "kraken-trades"
CANDLE_S = 60
# A page of trades that is this long is not the last one.
FULL_PAGE = 1000

_TRADE_FIELDS = 7

_CANDLE = {"time": 0, "open": 1, "high": 2, "low": 3, "value": 4, "volume": 6}
_LATER = ("EAPI:Rate limit exceeded", "EGeneral:Too many requests", "EGeneral:Temporary lockout", "EService:")


def refuse_errors(body: bytes) -> None:
    """Look for the errors that Kraken reports under status 200.

    Raises:
        ProviderUnavailableError: it is busy, or asks to come back later.
        ProviderError: it refuses.
    """
    said = json_of(body, "Kraken")
    errors = said.get("error") if isinstance(said, dict) else None
    if not errors:
        return
    texts = [str(one) for one in errors][:5]
    if any(text.startswith(_LATER) for text in texts):
        raise ProviderUnavailableError(f"Kraken says {texts[0]}", errors=texts)
    raise ProviderError(f"Kraken refuses: {texts[0]}", errors=texts)


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read a payload of either dataset, from either place.

    Raises:
        ProviderFormatError: it is not Kraken's format.
    """
    with payload.open() as stream:
        body = stream.read()
    if body.lstrip().startswith(b'{"error"') or b'"result"' in body[:4096]:
        yield _rest(body, payload.dataset)
    elif payload.dataset == TRADES:
        yield _told_trades(body)
    else:
        yield _told_candles(body, to_micros(payload.fetched_at))


def _rest(body: bytes, dataset: str) -> Parsed:
    said = json_of(body, "Kraken")
    result = said.get("result") if isinstance(said, dict) else None
    if not isinstance(result, dict) or "last" not in result:
        raise ProviderFormatError("Kraken: the answer has no result", keys=sorted(said)[:20])
    pieces = [
        _candles(alias_of(key), rows, result["last"]) if dataset == CANDLES else _trades(alias_of(key), rows)
        for key, rows in result.items()
        if key != "last" and isinstance(rows, list)
    ]
    if not pieces:
        raise ProviderFormatError("Kraken: the answer names no pair", keys=sorted(result)[:20])
    return _joined(pieces)


def _candles(alias: str, rows: list[Any], last: Any) -> Parsed:
    if not isinstance(last, int):
        raise ProviderFormatError("Kraken: the answer does not say which candle is final", last=str(last)[:40])
    # The candle after `last` is still being made.
    final = [row for row in rows if not (isinstance(row, list) and row and isinstance(row[0], int) and row[0] > last)]
    return bars(alias, final, _CANDLE, seconds=CANDLE_S)


def _trades(alias: str, rows: list[Any]) -> Parsed:
    shaped = [row for row in rows if isinstance(row, list) and len(row) >= _TRADE_FIELDS]
    rejected = [
        Rejection("MALFORMED_ROW", "", "the trade has not all its fields", str(row)[:500], at + 1, alias)
        for at, row in enumerate(rows)
        if not (isinstance(row, list) and len(row) >= _TRADE_FIELDS)
    ]
    price, price_good = numbers([row[0] for row in shaped])
    size, size_good = numbers([row[1] for row in shaped])
    time, time_good = numbers([row[2] for row in shaped])
    number, number_good = numbers([row[6] for row in shaped])
    good = price_good & size_good & time_good & number_good
    rejected.extend(
        Rejection("NOT_A_NUMBER", "trade", "is not a number", str(shaped[at])[:500], at + 1, alias)
        for at in np.flatnonzero(~good).tolist()
    )
    micros = np.rint(time[good] * MICROS_PER_SECOND).astype(np.int64)
    series = ticks(alias, micros, price[good], size[good], number[good].astype(np.int64))
    if len(rows) >= FULL_PAGE and len(series.columns) > 1:
        # The page may end within a millisecond; the next one begins with all of it.
        series = ParsedSeries(alias, series.columns.take(slice(0, -1)))
    return Parsed([series], rejected)


def _messages(body: bytes, channel: str) -> Iterator[tuple[int, dict[str, Any]]]:
    found = False
    for line, text in enumerate(body.splitlines(), start=1):
        if not text.strip():
            continue
        message = json_of(text, "Kraken's stream")
        if not isinstance(message, dict) or message.get("channel") != channel:
            raise ProviderFormatError(f"Kraken's stream: line {line} is no {channel} message", line=line)
        for one in message.get("data") or ():
            found = True
            yield line, one if isinstance(one, dict) else {}
    if not found:
        raise ProviderFormatError(f"Kraken's stream: there is no {channel} in it")


def _told_trades(body: bytes) -> Parsed:
    rows: dict[str, list[Any]] = {}
    rejected = []
    for line, trade in _messages(body, "trade"):
        micros = instant(trade.get("timestamp"))
        alias = str(trade.get("symbol"))
        if micros is None:
            rejected.append(Rejection("BAD_DATE", "timestamp", "is no instant", str(trade)[:500], line, alias))
            continue
        seconds = f"{micros // MICROS_PER_SECOND}.{micros % MICROS_PER_SECOND:06d}"
        row = [trade.get("price"), trade.get("qty"), seconds, "", "", "", trade.get("trade_id")]
        rows.setdefault(alias, []).append(row)
    pieces = [_trades(alias, several) for alias, several in rows.items()]
    return _joined([*pieces, Parsed([], rejected)])


def _told_candles(body: bytes, now: int) -> Parsed:
    rows: dict[str, dict[int, list[Any]]] = {}
    rejected = []
    for line, candle in _messages(body, "ohlc"):
        start, alias = instant(candle.get("interval_begin")), str(candle.get("symbol"))
        if start is None:
            rejected.append(Rejection("BAD_DATE", "interval_begin", "is no instant", str(candle)[:500], line, alias))
        elif start + CANDLE_S * MICROS_PER_SECOND <= now:
            # Each message tells the candle anew; the last one stands.
            prices = [candle.get(name) for name in ("open", "high", "low", "close")]
            row = [start // MICROS_PER_SECOND, *prices, candle.get("vwap"), candle.get("volume")]
            rows.setdefault(alias, {})[start] = row
    pieces = [bars(alias, list(several.values()), _CANDLE, seconds=CANDLE_S) for alias, several in rows.items()]
    return _joined([*pieces, Parsed([], rejected)])


def instant(text: Any) -> int | None:
    """Microseconds of a time such as ``2026-10-06T17:35:55.440295000Z``; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return to_micros(parsed)
    except ValueError:
        return None


def _joined(pieces: list[Parsed]) -> Parsed:
    return Parsed([one for piece in pieces for one in piece.series], [no for piece in pieces for no in piece.rejected])
