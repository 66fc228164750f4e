"""Dates and instants as sources write them, read by the column: a session date becomes an instant in UTC."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, to_micros
from mktdash.domain.observation import Int64Array
from mktdash.providers.numerals import BoolArray, Cells, to_integers

EPOCH_DAY = date(1970, 1, 1)
_ISO_WIDTH = 10
_MINUTE = 60 * MICROS_PER_SECOND


def iso_days(cells: Cells) -> tuple[Int64Array, BoolArray]:
    """Days since 1970 of cells written ``YYYY-MM-DD``, and which cells are such dates."""
    year, year_good = to_integers(cells, 0, 4)
    month, month_good = to_integers(cells, 5, 2)
    day, day_good = to_integers(cells, 8, 2)
    good = year_good & month_good & day_good & (cells.end - cells.start == _ISO_WIDTH)
    good &= (cells.byte(4) == ord("-")) & (cells.byte(7) == ord("-"))
    return civil_days(year, month, day, good)


def us_days(cells: Cells) -> tuple[Int64Array, BoolArray]:
    """Days since 1970 of cells written ``MM/DD/YYYY`` (``M/D/YYYY`` too), and which cells are such dates."""
    start, month, good = cells, np.zeros(len(cells), np.int64), np.ones(len(cells), np.bool_)
    fields: list[Int64Array] = []
    for _ in range(2):
        one, one_good = to_integers(start, 0, 1)
        two, two_good = to_integers(start, 0, 2)
        slash_after_two = two_good & (start.byte(2) == ord("/"))
        slash_after_one = one_good & (start.byte(1) == ord("/"))
        good &= slash_after_one | slash_after_two
        fields.append(np.where(slash_after_two, two, one))
        skip = np.where(slash_after_two, 3, 2)
        start = Cells(start.buffer, np.minimum(start.start + skip, start.end), start.end)
    month, day = fields
    year, year_good = to_integers(start, 0, 4)
    good &= year_good & (start.end - start.start == len("YYYY"))
    return civil_days(year, month, day, good)


def civil_days(year: Int64Array, month: Int64Array, day: Int64Array, good: BoolArray) -> tuple[Int64Array, BoolArray]:
    """Days since 1970 of calendar dates; those that no calendar has (30 February, month 13) are not good."""
    good = good & (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004  # months of a year
    year, month, day = (np.where(good, part, 1) for part in (year, month, day))
    months = (year - 1970) * 12 + (month - 1)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - first
    good &= day <= length
    return first + day - 1, good


def day_of(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH_DAY).days


def session_instants(days: Int64Array, timezone: str, fixing_time: str) -> Int64Array:
    """The instants, int64 microseconds UTC, of sessions' local fixing time."""
    unique, inverse = np.unique(days, return_inverse=True)
    hour, _, minute = fixing_time.partition(":")
    at = time(int(hour), int(minute))
    instants = [_instant(day, at, timezone) for day in unique.tolist()]
    return np.array(instants, np.int64)[inverse] if instants else np.empty(0, np.int64)


def utc_instants(local: Int64Array, timezone: str) -> Int64Array:
    """Local wall-clock microseconds (as if they were UTC) to UTC; of a repeated hour the first one is meant."""
    if timezone == "UTC":
        return local
    minutes, inverse = np.unique(local // _MINUTE, return_inverse=True)
    zone = ZoneInfo(timezone)
    start = datetime(1970, 1, 1)  # noqa: DTZ001  # local wall-clock time, until the zone is known two lines on
    offsets = [
        int((start + timedelta(minutes=minute)).replace(tzinfo=zone).utcoffset().total_seconds())  # type: ignore[union-attr]  # a ZoneInfo always has one
        for minute in minutes.tolist()
    ]
    return local - np.array(offsets, np.int64)[inverse] * MICROS_PER_SECOND if offsets else local


@lru_cache(maxsize=65_536)
def _instant(day: int, at: time, timezone: str) -> int:
    try:
        local = datetime.combine(EPOCH_DAY + timedelta(days=day), at, ZoneInfo(timezone))
    except OverflowError:
        return day * MICROS_PER_DAY
    return to_micros(local)
