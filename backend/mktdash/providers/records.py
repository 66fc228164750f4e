"""Reads what exchanges send as JSON: bars, a row each, and trades. A wrong row is set apart, the rest goes on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from mktdash.domain.clock import MICROS_PER_SECOND
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Columns, Float64Array, Int64Array
from mktdash.providers.base import Parsed, ParsedSeries, Rejection
from mktdash.providers.numerals import BoolArray, Cells, to_floats

_MICROS_PER_MILLI = 1000


def json_of(body: bytes, what: str) -> Any:
    """The JSON value of an answer; its numbers become the doubles nearest to their text.

    Raises:
        ProviderFormatError: it is no JSON, or cut.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        head = body[:200].decode("utf-8", "replace")
        raise ProviderFormatError(f"{what}: the answer is not JSON ({error})", what=what, head=head) from error


def numbers(values: Sequence[Any]) -> tuple[Float64Array, BoolArray]:
    """Numbers that stand in JSON as numbers or as text; which of them are."""
    return to_floats(Cells.of([_text(value) for value in values]))


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value).encode()
    return b""


def bars(
    alias: str, rows: Sequence[Any], places: Mapping[str, int], *, seconds: int, unit: int = MICROS_PER_SECOND
) -> Parsed:
    """Bars from rows of one series.

    Args:
        alias: the source's symbol.
        rows: lists, any order.
        places: where in a row ``time`` (the bar's beginning) and ``open, high, low, value, volume`` stand.
        seconds: the length of a bar; its ``as_of`` is its end.
        unit: microseconds that one of ``time`` is.
    """
    width = max(places.values()) + 1
    shaped = [isinstance(row, list) and len(row) >= width for row in rows]
    good_rows = [row for row, fits in zip(rows, shaped, strict=True) if fits]
    lines = np.array([number + 1 for number, fits in enumerate(shaped) if fits], np.int64)
    rejected = [
        Rejection("MALFORMED_ROW", "", "the record has not all its fields", _shown(rows[at]), at + 1, alias)
        for at, fits in enumerate(shaped)
        if not fits
    ]
    fields: dict[str, Float64Array] = {}
    usable = np.ones(len(good_rows), np.bool_)
    for name, place in places.items():
        fields[name], numeric = numbers([row[place] for row in good_rows])
        rejected.extend(
            Rejection("NOT_A_NUMBER", name, "is not a number", _shown(good_rows[at]), int(lines[at]), alias)
            for at in np.flatnonzero(~numeric & usable).tolist()
        )
        usable &= numeric
    start = np.where(usable, fields["time"], 0.0)
    as_of = np.rint(start * unit).astype(np.int64) + seconds * MICROS_PER_SECOND
    columns = Columns(
        as_of=as_of,
        value=fields["value"],
        flags=np.zeros(len(as_of), np.int64),
        open=fields.get("open"),
        high=fields.get("high"),
        low=fields.get("low"),
        volume=fields.get("volume"),
    )
    return Parsed([ParsedSeries(alias, columns.take(usable), lines=lines[usable])], rejected)


def ticks(alias: str, micros: Int64Array, price: Float64Array, size: Float64Array, order: Int64Array) -> ParsedSeries:
    """Trades as observations: those of one millisecond are one bar, for an instant holds one value.

    Args:
        alias: the source's symbol.
        micros: when each trade was, microseconds UTC.
        price: at what price.
        size: how much.
        order: the sequence number that the exchange gave each.
    """
    rank = np.lexsort((order, micros))
    _, distinct = np.unique(order[rank], return_index=True)
    rank = rank[np.sort(distinct)]
    as_of = micros[rank] // _MICROS_PER_MILLI * _MICROS_PER_MILLI
    price, size = price[rank], size[rank]
    first = np.flatnonzero(np.diff(as_of, prepend=-1)) if len(as_of) else np.empty(0, np.int64)
    last = np.append(first[1:], len(as_of)) - 1 if len(first) else first
    return ParsedSeries(
        alias,
        Columns(
            as_of=as_of[first],
            value=price[last],
            flags=np.zeros(len(first), np.int64),
            open=price[first],
            high=np.maximum.reduceat(price, first) if len(first) else price,
            low=np.minimum.reduceat(price, first) if len(first) else price,
            volume=np.add.reduceat(size, first) if len(first) else size,
        ),
    )


def _shown(row: Any) -> str:
    try:
        return orjson.dumps(row).decode()[:500]
    except TypeError:
        return repr(row)[:500]
