"""Parses Yahoo's chart answer: one list a column, null where there is no value, the last bar often unfinished.

Beside the bars of whole sessions the last row may be the price of the moment, dated by its last trade: it is left out.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from mktdash.domain.clock import to_micros
from mktdash.domain.currency import MINOR_UNITS, canonical_unit
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Columns
from mktdash.providers.account import Account
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload, Rejection, SkipReason
from mktdash.providers.reading.dates import day_of, session_instants
from mktdash.providers.reading.numerals import BoolArray
from mktdash.providers.reading.records import numbers, parse_json, raw_text
from mktdash.providers.yahoo.symbols import SYMBOLS

TIMEZONE = "America/New_York"
FIXING_TIME = "16:00"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Some 270 years on either side of 1970; milliseconds would be beyond it.
_LATEST_S = 2**33
_BAR = {"value": "close", "open": "open", "high": "high", "low": "low", "volume": "volume"}


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read one symbol's chart.

    Raises:
        ProviderFormatError: an error, an answer of another shape, or one in another currency than the listing's.
    """
    with payload.open() as stream:
        answer = parse_json(stream.read(), "Yahoo")
    try:
        chart = answer["chart"]
        if chart.get("error"):
            message = str(chart["error"].get("description"))[:200]
            raise ProviderFormatError(f"Yahoo refuses: {message}", answer=message)
        result = chart["result"][0]
        meta = result["meta"]
        alias, currency = str(meta["symbol"]), meta.get("currency")
        times, quote = list(result.get("timestamp") or []), (result["indicators"]["quote"] or [{}])[0]
        lists = {name: list(quote[column]) if times else [] for name, column in _BAR.items()}
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ProviderFormatError(
            f"Yahoo: the answer has an unknown structure ({error!r})", cause=repr(error)
        ) from error
    if any(len(values) != len(times) for values in lists.values()):
        raise ProviderFormatError("Yahoo: the columns are of different lengths", symbol=alias)
    _refuse_other_currency(alias, currency)
    yield _bars(alias, times, lists, to_micros(payload.fetched_at))


def _refuse_other_currency(alias: str, currency: Any) -> None:
    """Pounds are never stored beside pence, nor either as dollars."""
    listed = SYMBOLS[alias].currency if alias in SYMBOLS else None
    if listed is None or currency == listed:
        return
    quoted = str(currency)[:20]
    if quoted in MINOR_UNITS:
        base, scale = MINOR_UNITS[quoted]
        quoted = f"{quoted} ({canonical_unit(quoted)}: {base} x {scale:g})"
    raise ProviderFormatError(
        f"Yahoo quotes {alias} in {quoted}, and its listing is in {listed}",
        symbol=alias,
        currency=quoted,
        listed=listed,
    )


def _bars(alias: str, times: list[Any], lists: dict[str, list[Any]], now: int) -> Parsed:
    account = Account("Yahoo", len(times))
    dated = np.array([type(at) is int and abs(at) < _LATEST_S for at in times], np.bool_)
    zone = ZoneInfo(TIMEZONE)
    days = [
        day_of((_EPOCH + timedelta(seconds=at)).astimezone(zone).date()) if good else 0
        for at, good in zip(times, dated, strict=True)
    ]
    as_of = session_instants(np.array(days, np.int64), TIMEZONE, FIXING_TIME)
    none = np.array([value is None for value in lists["value"]], np.bool_)
    # A session that has not closed yet has no close.
    ahead = dated & (as_of > now)
    ahead[-1:] |= _is_of_the_moment(times, days, dated)
    account.skip(SkipReason.UNFINISHED, int(ahead.sum()))
    account.refuse(
        Rejection("BAD_DATE", "timestamp", "is no UNIX time in seconds", raw_text(times[at]), at + 1, alias)
        for at in np.flatnonzero(~dated).tolist()
    )
    open_ = dated & ~ahead
    columns, known = {}, open_ & ~none
    for name, values in lists.items():
        columns[name], numeric = numbers(values)
        bad = known & ~numeric & np.array([value is not None for value in values], np.bool_)
        account.refuse(
            Rejection("NOT_A_NUMBER", name, "is not a number", raw_text(values[at]), at + 1, alias, int(as_of[at]))
            for at in np.flatnonzero(bad).tolist()
        )
        known &= ~bad
    kept = np.flatnonzero(known)
    left_out = as_of[open_ & none]
    account.keep(
        ParsedSeries(
            alias,
            Columns(
                as_of=as_of[kept],
                value=columns["value"][kept],
                flags=np.zeros(len(kept), np.int64),
                open=columns["open"][kept],
                high=columns["high"][kept],
                low=columns["low"][kept],
                volume=columns["volume"][kept],
            ),
            absent=left_out if len(left_out) else None,
            lines=kept + 1,
        )
    )
    return account.parsed()


def _is_of_the_moment(times: list[Any], days: list[int], dated: BoolArray) -> bool:
    """Whether the last row is a price of a session that has its bar already, only later."""
    if not len(times) or not dated[-1]:
        return False
    return any(
        good and day == days[-1] and at < times[-1]
        for at, day, good in zip(times[:-1], days[:-1], dated[:-1].tolist(), strict=True)
    )
