"""Interval names (``1d``, ``1m``, ``5s``) and the chunk period that holds a few thousand points of each."""

import re
from datetime import UTC, datetime, timedelta

from mktdash.domain.clock import CLOCKS_DIFFER, EPOCH, MICROS_PER_DAY, MICROS_PER_SECOND, from_micros, to_micros
from mktdash.domain.errors import InvalidInputError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "M": 30 * 86_400, "y": 365 * 86_400}
_SHAPE = re.compile(r"([1-9][0-9]{0,3})([smhdwMy])")
_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}
_MICROS_PER_HOUR = 3600 * MICROS_PER_SECOND
_MICROS_PER_WEEK = 7 * MICROS_PER_DAY


def interval_seconds(interval: str) -> int:
    """The nominal length of an interval in seconds; a month counts 30 days, a year 365.

    Raises:
        InvalidInputError: the text is not a number with one of s m h d w M y.
    """
    match = _SHAPE.fullmatch(interval)
    if match is None:
        raise InvalidInputError(f"{interval!r} is not an interval such as 1d, 1h, 1m or 5s", interval=interval)
    return int(match[1]) * _SECONDS[match[2]]


def allowed_lead(interval: str) -> int:
    """By how much (microseconds) a value's as-of may be after it was known.

    An open bar closes, and a session is fixed, within its own interval; and clocks differ a little.
    """
    return interval_seconds(interval) * MICROS_PER_SECOND + CLOCKS_DIFFER


def latest_as_of(known_at: int, interval: str) -> int:
    """The latest as-of (microseconds) of a value known at an instant."""
    return known_at + allowed_lead(interval)


def chunk_period_of(interval: str, as_of: int) -> int:
    """The chunk period of an instant: a year for daily and longer, a week for hourly, a day for minutes, else an hour.

    A period is named by an integer that grows with time: the calendar year, or whole weeks, days or hours since 1970.
    """
    seconds = interval_seconds(interval)
    if seconds >= _SECONDS["d"]:
        return from_micros(as_of).year
    return as_of // _sub_daily_micros(seconds)


def chunk_period_bounds(interval: str, period: int) -> tuple[int, int]:
    """The first microsecond of a chunk period and the first one after it."""
    seconds = interval_seconds(interval)
    if seconds >= _SECONDS["d"]:
        return (
            to_micros(datetime(period, 1, 1, tzinfo=UTC)),
            to_micros(datetime(period + 1, 1, 1, tzinfo=UTC)),
        )
    size = _sub_daily_micros(seconds)
    return period * size, (period + 1) * size


def _sub_daily_micros(seconds: int) -> int:
    if seconds >= _SECONDS["h"]:
        return _MICROS_PER_WEEK
    if seconds >= _SECONDS["m"]:
        return MICROS_PER_DAY
    return _MICROS_PER_HOUR


def span_text(micros: int) -> str:
    """A duration for people, in its largest fitting unit: ``3 d``, ``14 min``."""
    span = EPOCH + timedelta(microseconds=micros) - EPOCH
    for unit, seconds in (("d", 86_400), ("h", 3600), ("min", 60)):
        if span.total_seconds() >= seconds:
            return f"{span.total_seconds() / seconds:.0f} {unit}"
    return f"{span.total_seconds():.0f} s"


def span_of(text: str) -> timedelta:
    """A length of time such as ``7d``, ``36h`` or ``2w``.

    Raises:
        InvalidInputError: it is none.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise InvalidInputError(f"{text!r} is not a window such as 7d, 36h or 2w", window=text)
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])
