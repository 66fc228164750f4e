"""Parses Kraken: candles and trades, from REST and from the WebSocket (version 2), one message a line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.domain.errors import ProviderError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.account import Account, joined
from mktdash.providers.base import Parsed, RawPayload, Rejection
from mktdash.providers.kraken.pairs import alias_of
from mktdash.providers.reading.records import (
    Trades,
    bars,
    drop_page_edges,
    instant,
    numbers,
    parse_json,
    raw_text,
    ticks,
)

CANDLES = "kraken-ohlc-1m"
TRADES = "kraken-trades"
CANDLE_S = 60
# A page of trades that is this long is not the last one.
FULL_PAGE = 1000

_TRADE_FIELDS = 7
# Beyond these, no clock and no counter of theirs has come: it is something else.
LATEST_S = 2**32
_LARGEST = 2.0**63

_CANDLE = {"time": 0, "open": 1, "high": 2, "low": 3, "value": 4, "volume": 6}
_LATER = ("EAPI:Rate limit exceeded", "EGeneral:Too many requests", "EGeneral:Temporary lockout", "EService:")


def refuse_errors(body: bytes) -> None:
    """Look for the errors that Kraken reports under status 200.

    Raises:
        ProviderUnavailableError: it is busy, or asks to come back later.
        ProviderError: it refuses.
    """
    answer = parse_json(body, "Kraken")
    errors = answer.get("error") if isinstance(answer, dict) else None
    if not errors:
        return
    texts = [str(one)[:200] for one in (errors if isinstance(errors, list) else [errors])][:5]
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
        yield _stream_trades(body)
    else:
        yield _stream_candles(body, to_micros(payload.fetched_at))


def _rest(body: bytes, dataset: str) -> Parsed:
    answer = parse_json(body, "Kraken")
    result = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(result, dict) or "last" not in result:
        keys = sorted(answer)[:20] if isinstance(answer, dict) else []
        raise ProviderFormatError("Kraken: the answer has no result", keys=keys)
    pairs = {key: rows for key, rows in result.items() if key != "last"}
    if not all(isinstance(rows, list) for rows in pairs.values()):
        raise ProviderFormatError("Kraken: a pair of the answer has no list", keys=sorted(result)[:20])
    parts = [
        _candles(alias_of(key), rows, result["last"]) if dataset == CANDLES else _trades(alias_of(key), rows)
        for key, rows in pairs.items()
    ]
    if not parts:
        raise ProviderFormatError("Kraken: the answer names no pair", keys=sorted(result)[:20])
    return joined(parts)


def _candles(alias: str, rows: list[Any], last: Any) -> Parsed:
    if not isinstance(last, int):
        raise ProviderFormatError("Kraken: the answer does not say which candle is final", last=str(last)[:40])
    # The candle after `last` is still being made.
    until = last * MICROS_PER_SECOND
    return bars("Kraken", alias, rows, _CANDLE, seconds=CANDLE_S, is_final=lambda start: start <= until)


def _trades(alias: str, rows: list[Any], lines: Sequence[int] | None = None) -> Parsed:
    """Trades of one pair, as REST gives them; ``lines`` is where each stands, else they are counted from one."""
    account = Account("Kraken", len(rows))
    at_line = lines or range(1, len(rows) + 1)
    shaped: list[tuple[int, list[Any]]] = []
    for line, row in zip(at_line, rows, strict=True):
        if isinstance(row, list) and len(row) >= _TRADE_FIELDS:
            shaped.append((line, row))
        else:
            reason = "the trade lacks fields"
            account.refuse([Rejection("MALFORMED_ROW", "", reason, raw_text(row), line, alias)])
    price, price_good = numbers([row[0] for _, row in shaped])
    size, size_good = numbers([row[1] for _, row in shaped])
    time, time_good = numbers([row[2] for _, row in shaped])
    number, number_good = numbers([row[6] for _, row in shaped])
    good = price_good & size_good & time_good & number_good
    with np.errstate(invalid="ignore"):
        good &= (np.abs(time) < LATEST_S) & (np.abs(number) < _LARGEST)
    account.refuse(
        Rejection("NOT_A_NUMBER", "trade", "is not a number", raw_text(shaped[at][1]), shaped[at][0], alias)
        for at in np.flatnonzero(~good).tolist()
    )
    micros = np.rint(time[good] * MICROS_PER_SECOND).astype(np.int64)
    series = ticks(account, alias, Trades(micros, price[good], size[good], number[good].astype(np.int64)))
    if len(rows) >= FULL_PAGE and len(series.columns) > 1:
        # The page may end within a millisecond; the next one begins with all of it.
        series = drop_page_edges(account, series, slice(0, -1))
    account.keep(series)
    return account.parsed()


def _messages(body: bytes, channel: str) -> Iterator[tuple[int, Any]]:
    """The records of each line; a line without a list of records is one record, to be refused."""
    found = False
    for line, text in enumerate(body.splitlines(), start=1):
        if not text.strip():
            continue
        message = parse_json(text, "Kraken's stream")
        if not isinstance(message, dict) or message.get("channel") != channel:
            raise ProviderFormatError(f"Kraken's stream: line {line} is no {channel} message", line=line)
        found = True
        data = message.get("data")
        for one in data if isinstance(data, list) else [data]:
            yield line, one
    if not found:
        raise ProviderFormatError(f"Kraken's stream: there is no {channel} in it")


def _stream_trades(body: bytes) -> Parsed:
    rows: dict[str, list[tuple[int, list[Any]]]] = {}
    refused = []
    for line, one in _messages(body, "trade"):
        trade = one if isinstance(one, dict) else {}
        micros = instant(trade.get("timestamp"))
        alias = str(trade.get("symbol"))
        if micros is None:
            refused.append(Rejection("BAD_DATE", "timestamp", "is no instant", raw_text(one), line, alias))
            continue
        seconds = f"{micros // MICROS_PER_SECOND}.{micros % MICROS_PER_SECOND:06d}"
        row = [trade.get("price"), trade.get("qty"), seconds, "", "", "", trade.get("trade_id")]
        rows.setdefault(alias, []).append((line, row))
    parsed = [_trades(alias, [row for _, row in some], [line for line, _ in some]) for alias, some in rows.items()]
    return joined([*parsed, _refused(refused)])


def _stream_candles(body: bytes, now: int) -> Parsed:
    rows: dict[str, dict[int, list[Any]]] = {}
    repeated: Counter[str] = Counter()
    refused = []
    for line, one in _messages(body, "ohlc"):
        candle = one if isinstance(one, dict) else {}
        start, alias = instant(candle.get("interval_begin")), str(candle.get("symbol"))
        if start is None:
            refused.append(Rejection("BAD_DATE", "interval_begin", "is no instant", raw_text(one), line, alias))
            continue
        # Each message repeats the candle so far; the last one counts.
        several = rows.setdefault(alias, {})
        repeated[alias] += start in several
        prices = [candle.get(name) for name in ("open", "high", "low", "close")]
        several[start] = [start // MICROS_PER_SECOND, *prices, candle.get("vwap"), candle.get("volume")]
    last = now - CANDLE_S * MICROS_PER_SECOND
    parsed = [
        bars(
            "Kraken",
            alias,
            list(several.values()),
            _CANDLE,
            seconds=CANDLE_S,
            is_final=lambda start: start <= last,
            repeated=repeated[alias],
        )
        for alias, several in rows.items()
    ]
    return joined([*parsed, _refused(refused)])


def _refused(rejections: list[Rejection]) -> Parsed:
    account = Account("Kraken", len(rejections))
    account.refuse(rejections)
    return account.parsed()
