"""Parses the JSON of exchanges: bars, one a row, and trades. A wrong row is refused, the rest goes on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Columns, Float64Array, Int64Array
from mktdash.providers.account import Account
from mktdash.providers.base import Parsed, ParsedSeries, Rejection, SkipReason
from mktdash.providers.excerpt import excerpt
from mktdash.providers.reading.numerals import BoolArray, Cells, to_floats
from mktdash.providers.reading.numeric_instants import epoch_unit

_MICROS_PER_MILLI = 1000


def parse_json(body: bytes, what: str) -> Any:
    """The JSON value of an answer; its numbers become the doubles nearest to their text.

    Raises:
        ProviderFormatError: it is no JSON, or cut.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        head = excerpt(body, 200)
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


def instant(text: Any) -> int | None:
    """Microseconds of a time such as ``2026-11-02T09:00:00.123456Z``; None where it is none, or has no offset."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return None if parsed.tzinfo is None else to_micros(parsed)
    except (ValueError, OverflowError):
        return None


def bars(
    what: str,
    alias: str,
    rows: Sequence[Any],
    places: Mapping[str, int],
    *,
    seconds: int,
    is_final: Callable[[int], bool],
    repeated: int = 0,
) -> Parsed:
    """Bars from rows of one series, every one of them accounted for.

    Args:
        what: the source, for the error's sentence.
        alias: its symbol.
        rows: lists, any order.
        places: where in a row ``time`` (the bar's beginning) and ``open, high, low, value, volume`` stand. The time is
            UNIX seconds, milli- or microseconds: which of them shows in its size, and a size that fits none is refused.
        seconds: the length of a bar; its ``as_of`` is its end.
        is_final: whether a bar that begins at an instant (microseconds) is whole; others are left for later.
        repeated: how many more records repeat these bars.
    """
    account = Account(what, len(rows) + repeated)
    account.skip(SkipReason.REPEATED, repeated)
    width = max(places.values()) + 1
    kept: list[tuple[int, Any, int]] = []
    for line, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) < width:
            reason = "the record lacks fields"
            account.refuse([Rejection("MALFORMED_ROW", "", reason, raw_text(row), line, alias)])
        elif (start := _start(row[places["time"]])) is None:
            reason = f"{raw_text(row[places['time']])} is not a plausible UNIX time"
            account.refuse([Rejection("BAD_DATE", "time", reason, raw_text(row), line, alias)])
        elif not is_final(start):
            account.skip(SkipReason.UNFINISHED, 1)
        else:
            kept.append((start, row, line))
    as_of = np.array([start for start, _, _ in kept], np.int64) + seconds * MICROS_PER_SECOND
    lines = np.array([line for *_, line in kept], np.int64)
    fields: dict[str, Float64Array] = {}
    usable = np.ones(len(kept), np.bool_)
    for name in (name for name in places if name != "time"):
        fields[name], numeric = numbers([row[places[name]] for _, row, _ in kept])
        account.refuse(
            Rejection(
                "NOT_A_NUMBER", name, "is not a number", raw_text(kept[at][1]), int(lines[at]), alias, int(as_of[at])
            )
            for at in np.flatnonzero(~numeric & usable).tolist()
        )
        usable &= numeric
    columns = Columns(
        as_of=as_of,
        value=fields["value"],
        flags=np.zeros(len(as_of), np.int64),
        open=fields.get("open"),
        high=fields.get("high"),
        low=fields.get("low"),
        volume=fields.get("volume"),
    )
    account.keep(ParsedSeries(alias, columns.take(usable), lines=lines[usable]))
    return account.parsed()


def _start(value: Any) -> int | None:
    """The microseconds of a UNIX time; None where it is none."""
    (number,), (good,) = numbers([value])
    unit = epoch_unit(float(number)) if good else None
    if unit is None:
        return None
    return int(value) * unit if isinstance(value, int) else round(float(number) * unit)


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades of one series, aligned.

    Attributes:
        micros: when each was, microseconds UTC.
        price: at what price.
        size: how much.
        order: the sequence number that the exchange gave each.
    """

    micros: Int64Array
    price: Float64Array
    size: Float64Array
    order: Int64Array


def ticks(account: Account, alias: str, trades: Trades) -> ParsedSeries:
    """Trades as observations: those of one millisecond become one bar, for an instant has one value.

    Args:
        account: counts the trades that are repeated, or merged with others.
        alias: the source's symbol.
        trades: any order.
    """
    rank = np.lexsort((trades.order, trades.micros))
    _, distinct = np.unique(trades.order[rank], return_index=True)
    account.skip(SkipReason.REPEATED, len(rank) - len(distinct))
    rank = rank[np.sort(distinct)]
    as_of = trades.micros[rank] // _MICROS_PER_MILLI * _MICROS_PER_MILLI
    price, size = trades.price[rank], trades.size[rank]
    first = np.flatnonzero(np.diff(as_of, prepend=-1)) if len(as_of) else np.empty(0, np.int64)
    account.skip(SkipReason.MERGED, len(as_of) - len(first))
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


def drop_page_edges(account: Account, series: ParsedSeries, ends: slice) -> ParsedSeries:
    """A series of ticks without the edges of its page, which may cut a millisecond; other pages have them."""
    columns = series.columns.take(ends)
    account.skip(SkipReason.PAGE_EDGE, len(series.columns) - len(columns))
    return ParsedSeries(series.alias, columns)


def raw_text(row: Any) -> str:
    """A record as JSON, for quarantine."""
    try:
        return excerpt(orjson.dumps(row))
    except TypeError:
        return excerpt(repr(row))
