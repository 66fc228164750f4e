"""Reads Coinbase Exchange: candles (newest first, minutes without a trade left out), and trades of REST and stream."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload, Rejection
from mktdash.providers.records import bars, json_of, numbers, ticks

CANDLES = "coinbase-ohlc-1m"
TRADES = "coinbase-trades"
CANDLE_S = 60

PRODUCTS = {"BTC-USD": "Bitcoin / US dollar", "ETH-USD": "Ether / US dollar"}

_ENDS = 2
_CANDLE = {"time": 0, "low": 1, "high": 2, "open": 3, "value": 4, "volume": 5}


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read a payload of either dataset.

    Raises:
        ProviderFormatError: it is not Coinbase's format.
    """
    with payload.open() as stream:
        body = stream.read()
    if payload.dataset == CANDLES:
        yield _candles(body, _product_of(payload.url), to_micros(payload.fetched_at))
    elif body.lstrip().startswith(b"["):
        page = _trades(enumerate(_rows(body), start=1), _product_of(payload.url))
        yield Parsed([_without_ends(one) for one in page.series], page.rejected)
    else:
        lines = [(line, text) for line, text in enumerate(body.splitlines(), start=1) if text.strip()]
        yield _trades(((line, json_of(text, "Coinbase's stream")) for line, text in lines), None)


def _product_of(url: str) -> str:
    """The product that the address names; a file given by hand is called by it: ``file:BTC-USD.json``."""
    for product in PRODUCTS:
        if product in url:
            return product
    raise ProviderFormatError("Coinbase: the address names no product known here", url=url, products=list(PRODUCTS))


def _rows(body: bytes) -> list[Any]:
    said = json_of(body, "Coinbase")
    if not isinstance(said, list):
        message = str(said.get("message"))[:200] if isinstance(said, dict) else ""
        raise ProviderFormatError(f"Coinbase: the answer is no list: {message}", said=message)
    return said


def _candles(body: bytes, product: str, now: int) -> Parsed:
    # The candle of the present minute is still being made.
    last = now // MICROS_PER_SECOND - CANDLE_S
    rows = [row for row in _rows(body) if not (isinstance(row, list) and row and _is_after(row[0], last))]
    return bars(product, rows, _CANDLE, seconds=CANDLE_S)


def _is_after(start: Any, last: int) -> bool:
    return isinstance(start, int | float) and start > last


def _without_ends(series: ParsedSeries) -> ParsedSeries:
    """A page of trades may begin and end within a millisecond; what comes before and after it has those whole."""
    if len(series.columns) <= _ENDS:
        return series
    return ParsedSeries(series.alias, series.columns.take(slice(1, -1)))


def _trades(records: Iterator[tuple[int, Any]], product: str | None) -> Parsed:
    good: dict[str, list[tuple[int, str, str, int]]] = {}
    rejected: list[Rejection] = []
    for line, one in records:
        record = one if isinstance(one, dict) else {}
        at, alias = instant(record.get("time")), product or str(record.get("product_id"))
        number, price, size = record.get("trade_id"), record.get("price"), record.get("size")
        if at is None or not isinstance(number, int) or not isinstance(price, str) or not isinstance(size, str):
            reason = "the trade lacks a time, a number, a price or a size"
            rejected.append(Rejection("MALFORMED_ROW", "", reason, str(one)[:500], line, alias, at))
        else:
            good.setdefault(alias, []).append((at, price, size, number))
    series = []
    for alias, several in good.items():
        price_values, price_good = numbers([price for _, price, _, _ in several])
        size_values, size_good = numbers([size for _, _, size, _ in several])
        kept = price_good & size_good
        rejected.extend(
            Rejection("NOT_A_NUMBER", "price", "is not a number", str(several[at])[:500], 0, alias, several[at][0])
            for at in np.flatnonzero(~kept).tolist()
        )
        micros = np.array([at for at, *_ in several], np.int64)
        order = np.array([number for *_, number in several], np.int64)
        series.append(ticks(alias, micros[kept], price_values[kept], size_values[kept], order[kept]))
    return Parsed(series, rejected)


def instant(text: Any) -> int | None:
    """Microseconds of a time such as ``2026-11-02T09:00:00.123456Z``; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        return to_micros(datetime.fromisoformat(text))
    except ValueError:
        return None
