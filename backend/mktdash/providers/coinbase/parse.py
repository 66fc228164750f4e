"""Parses Coinbase Exchange: candles (newest first, minutes without a trade left out), trades of REST and stream."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.account import Account
from mktdash.providers.base import Parsed, RawPayload, Rejection
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

CANDLES = "coinbase-ohlc-1m"
TRADES = "coinbase-trades"
CANDLE_S = 60

PRODUCTS = {"BTC-USD": "Bitcoin / US dollar", "ETH-USD": "Ether / US dollar"}

_ENDS = 2
_LARGEST = 2**63
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
        yield _trades(list(enumerate(_rows(body), start=1)), _product_of(payload.url))
    else:
        lines = [(line, text) for line, text in enumerate(body.splitlines(), start=1) if text.strip()]
        yield _trades([(line, parse_json(text, "Coinbase's stream")) for line, text in lines], None)


def _product_of(url: str) -> str:
    """The product that the address names; a file given by hand is called by it: ``file:BTC-USD.json``."""
    for product in PRODUCTS:
        if product in url:
            return product
    raise ProviderFormatError("Coinbase: the address names no product known here", url=url, products=list(PRODUCTS))


def _rows(body: bytes) -> list[Any]:
    answer = parse_json(body, "Coinbase")
    if not isinstance(answer, list):
        message = str(answer.get("message"))[:200] if isinstance(answer, dict) else ""
        raise ProviderFormatError(f"Coinbase: the answer is not a list: {message}", answer=message)
    return answer


def _candles(body: bytes, product: str, now: int) -> Parsed:
    # The candle of the present minute is still being made.
    last = now - CANDLE_S * MICROS_PER_SECOND
    return bars("Coinbase", product, _rows(body), _CANDLE, seconds=CANDLE_S, is_final=lambda start: start <= last)


def _trades(records: list[tuple[int, Any]], product: str | None) -> Parsed:
    """Trades of a page of one product, or of the stream.

    A page may begin and end within a millisecond; the pages before and after it have all of those.
    """
    account = Account("Coinbase", len(records))
    good: dict[str, list[tuple[int, str, str, int, int]]] = {}
    for line, one in records:
        record = one if isinstance(one, dict) else {}
        at, alias = instant(record.get("time")), product or str(record.get("product_id"))
        number, price, size = record.get("trade_id"), record.get("price"), record.get("size")
        if at is None or not isinstance(number, int) or not isinstance(price, str) or not isinstance(size, str):
            reason = "the trade lacks a time, a number, a price or a size"
            account.refuse([Rejection("MALFORMED_ROW", "", reason, raw_text(one), line, alias, at)])
        elif not abs(number) < _LARGEST:
            account.refuse([Rejection("MALFORMED_ROW", "trade_id", "is no number", raw_text(one), line, alias, at)])
        else:
            good.setdefault(alias, []).append((at, price, size, number, line))
    for alias, several in good.items():
        price_values, price_good = numbers([price for _, price, *_ in several])
        size_values, size_good = numbers([size for _, _, size, *_ in several])
        kept = price_good & size_good
        account.refuse(
            Rejection(
                "NOT_A_NUMBER",
                "price",
                "is not a number",
                raw_text(several[at][:4]),
                several[at][4],
                alias,
                several[at][0],
            )
            for at in np.flatnonzero(~kept).tolist()
        )
        micros = np.array([at for at, *_ in several], np.int64)
        order = np.array([number for *_, number, _ in several], np.int64)
        trades = Trades(micros[kept], price_values[kept], size_values[kept], order[kept])
        series = ticks(account, alias, trades)
        if product is not None and len(series.columns) > _ENDS:
            series = drop_page_edges(account, series, slice(1, -1))
        account.keep(series)
    return account.parsed()
