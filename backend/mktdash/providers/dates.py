"""Dates and instants as sources write them, read by the column: a session date becomes an instant in UTC."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

import numpy as np

from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, to_micros
from mktdash.domain.observation import Int64Array
from mktdash.providers.numerals import BoolArray, Cells, to_integers

EPOCH_DAY = date(1970, 1, 1)
_ISO_WIDTH = 10
_MINUTE = 60 * MICROS_PER_SECOND

Reading = tuple[Int64Array, BoolArray]


def iso_days(cells: Cells) -> Reading:
    """Days since 1970 of cells written ``YYYY-MM-DD``, and which cells are such dates."""
    return _fixed_days(cells, year=0, month=5, day=8, marks={4: "-", 7: "-"})


def _fixed_days(cells: Cells, *, year: int, month: int, day: int, marks: dict[int, str], width: int = 10) -> Reading:
    """Days of dates whose parts stand at fixed places."""
    years, year_good = to_integers(cells, year, 4)
    months, month_good = to_integers(cells, month, 2)
    days, day_good = to_integers(cells, day, 2)
    good = year_good & month_good & day_good & (cells.end - cells.start == width)
    for position, mark in marks.items():
        good &= cells.byte(position) == ord(mark)
    return civil_days(years, months, days, good)


def _parted_days(cells: Cells, *, mark: str, day_first: bool) -> Reading:
    """Days of dates written ``MM/DD/YYYY`` or ``DD/MM/YYYY``, where a leading zero may be left out."""
    rest, good = cells, np.ones(len(cells), np.bool_)
    fields: list[Int64Array] = []
    for _ in range(2):
        one, one_good = to_integers(rest, 0, 1)
        two, two_good = to_integers(rest, 0, 2)
        is_two = two_good & (rest.byte(2) == ord(mark))
        good &= is_two | (one_good & (rest.byte(1) == ord(mark)))
        fields.append(np.where(is_two, two, one))
        rest = rest.after(np.where(is_two, 3, 2))
    year, year_good = to_integers(rest, 0, 4)
    good &= year_good & (rest.end - rest.start == len("YYYY"))
    first, second = fields
    return civil_days(year, second, first, good) if day_first else civil_days(year, first, second, good)


# How a session date may be written, by the name a mapping uses.
DATE_FORMATS: dict[str, Callable[[Cells], Reading]] = {
    "YYYY-MM-DD": iso_days,
    "YYYY/MM/DD": partial(_fixed_days, year=0, month=5, day=8, marks={4: "/", 7: "/"}),
    "YYYYMMDD": partial(_fixed_days, year=0, month=4, day=6, marks={}, width=8),
    "MM/DD/YYYY": partial(_parted_days, mark="/", day_first=False),
    "DD/MM/YYYY": partial(_parted_days, mark="/", day_first=True),
    "DD.MM.YYYY": partial(_parted_days, mark=".", day_first=True),
}


def instants(cells: Cells, formats: Sequence[str], timezone: str, fixing_time: str) -> Reading:
    """The instants (int64 microseconds UTC) of cells in any of several formats, the first that fits; and which fit one.

    A session date holds at the fixing time in the zone. Besides the names of :data:`DATE_FORMATS` there are
    ``ISO-TIME`` (a time without an offset is local), ``UNIX`` seconds and ``UNIX-MS``.
    """
    as_of, good = np.zeros(len(cells), np.int64), np.zeros(len(cells), np.bool_)
    for name in formats:
        open_ = np.flatnonzero(~good)
        if not len(open_):
            break
        rest = cells.take(open_)
        if name == "ISO-TIME":
            found, fits = _iso_times(rest, timezone)
        elif name in {"UNIX", "UNIX-MS"}:
            found, fits = _unix(rest, MICROS_PER_SECOND if name == "UNIX" else 1000)
        else:
            days, fits = DATE_FORMATS[name](rest)
            found = session_instants(np.where(fits, days, 0), timezone, fixing_time)
        as_of[open_] = np.where(fits, found, 0)
        good[open_] = fits
    return as_of, good


def civil_days(year: Int64Array, month: Int64Array, day: Int64Array, good: BoolArray) -> Reading:
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
    found = [_instant(day, at, timezone) for day in unique.tolist()]
    return np.array(found, np.int64)[inverse] if found else np.empty(0, np.int64)


def _iso_times(cells: Cells, timezone: str) -> Reading:
    """``YYYY-MM-DDTHH:MM[:SS[.fraction]][Z|+HH:MM]``; a blank may stand for the T."""
    day_cells = Cells(cells.buffer, cells.start, np.minimum(cells.start + _ISO_WIDTH, cells.end))
    days, good = iso_days(day_cells)
    good &= np.isin(cells.byte(_ISO_WIDTH), (ord("T"), ord(" ")))
    hour, hour_good = to_integers(cells, 11, 2)
    minute, minute_good = to_integers(cells, 14, 2)
    good &= hour_good & minute_good & (cells.byte(13) == ord(":")) & (hour < 24) & (minute < 60)  # noqa: PLR2004  # of a day
    second, second_good = to_integers(cells, 17, 2)
    has_second = cells.byte(16) == ord(":")
    second = np.where(has_second, second, 0)
    good &= ~has_second | (second_good & (second < 60))  # noqa: PLR2004  # of a minute
    rest = cells.after(np.where(has_second, 19, 16))
    fraction, scale = np.zeros(len(cells), np.int64), np.full(len(cells), MICROS_PER_SECOND, np.int64)
    in_fraction = has_second & (rest.byte(0) == ord("."))
    rest = rest.after(in_fraction.astype(np.int64))
    good &= ~in_fraction | to_integers(rest, 0, 1)[1]
    while (in_fraction := in_fraction & to_integers(rest, 0, 1)[1]).any():
        scale = np.where(in_fraction, scale // 10, scale)
        fraction += np.where(in_fraction, scale * to_integers(rest, 0, 1)[0], 0)
        rest = rest.after(in_fraction.astype(np.int64))
    local = days * MICROS_PER_DAY + (hour * 60 + minute) * _MINUTE + second * MICROS_PER_SECOND + fraction
    offset, has_offset, offset_good = _offsets(rest)
    good &= offset_good
    local = np.where(good, local, 0)
    return np.where(has_offset, local - offset, utc_instants(local, timezone)), good


def _offsets(rest: Cells) -> tuple[Int64Array, BoolArray, BoolArray]:
    """The offset in microseconds that stands at the end of a time, whether there is one, and whether all is well."""
    width, sign = rest.end - rest.start, rest.byte(0)
    is_utc = (width == 1) & (sign == ord("Z"))
    hour, hour_good = to_integers(rest, 1, 2)
    colon = rest.byte(3) == ord(":")
    minute, minute_good = to_integers(rest.after(colon.astype(np.int64)), 3, 2)
    signed = np.isin(sign, (ord("+"), ord("-"))) & hour_good & minute_good & (width == 5 + colon) & (hour < 24)  # noqa: PLR2004 - the notation itself
    offset = np.where(signed, (hour * 60 + minute) * _MINUTE, 0)
    return np.where(sign == ord("-"), -offset, offset), is_utc | signed, (width == 0) | is_utc | signed


def _unix(cells: Cells, unit: int) -> Reading:
    """Whole numbers of seconds or milliseconds since 1970."""
    value, good = np.zeros(len(cells), np.int64), (cells.end > cells.start) & (cells.end - cells.start <= 14)  # noqa: PLR2004 - the notation itself
    for position in range(int((cells.end - cells.start).max(initial=0, where=good))):
        byte = cells.byte(position).astype(np.int64)
        digit = (byte >= ord("0")) & (byte <= ord("9"))
        good &= digit | (cells.start + position >= cells.end)
        value = np.where(digit, value * 10 + byte - ord("0"), value)
    return np.where(good, value, 0) * unit, good


def utc_instants(local: Int64Array, timezone: str) -> Int64Array:
    """Local wall-clock microseconds (as if they were UTC) to UTC; of a repeated hour the first one is meant."""
    if timezone == "UTC":
        return local
    minutes, inverse = np.unique(local // _MINUTE, return_inverse=True)
    offsets = [_offset_s(minute, timezone) for minute in minutes.tolist()]
    return local - np.array(offsets, np.int64)[inverse] * MICROS_PER_SECOND if offsets else local


@lru_cache(maxsize=65_536)
def _offset_s(minute: int, timezone: str) -> int:
    wall = datetime(1970, 1, 1) + timedelta(minutes=minute)  # noqa: DTZ001  # wall-clock time; the zone follows
    offset = wall.replace(tzinfo=ZoneInfo(timezone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


@lru_cache(maxsize=65_536)
def _instant(day: int, at: time, timezone: str) -> int:
    try:
        local = datetime.combine(EPOCH_DAY + timedelta(days=day), at, ZoneInfo(timezone))
    except OverflowError:
        return day * MICROS_PER_DAY
    return to_micros(local)
