"""Parses columns of dates and times: a session date becomes an instant in UTC."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

import numpy as np

from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, to_micros
from mktdash.domain.observation import Int64Array
from mktdash.providers.reading.numerals import BoolArray, Cells, to_integers
from mktdash.providers.reading.numeric_instants import NUMERIC_FORMATS, numeric_instants
from mktdash.providers.reading.spelled_dates import SPELLED_FORMATS, spelled_days

EPOCH_DAY = date(1970, 1, 1)
_ISO_WIDTH = 10
_MINUTE = 60 * MICROS_PER_SECOND

Days = tuple[Int64Array, BoolArray]


def iso_days(cells: Cells) -> Days:
    """Days since 1970 of cells written ``YYYY-MM-DD``, and which cells are such dates."""
    return _fixed_days(cells, year=0, month=5, day=8, marks={4: "-", 7: "-"})


def _fixed_days(cells: Cells, *, year: int, month: int, day: int, marks: dict[int, str], width: int = 10) -> Days:
    """Days of dates whose parts stand at fixed places."""
    years, year_good = to_integers(cells, year, 4)
    months, month_good = to_integers(cells, month, 2)
    days, day_good = to_integers(cells, day, 2)
    good = year_good & month_good & day_good & (cells.end - cells.start == width)
    for position, mark in marks.items():
        good &= cells.byte(position) == ord(mark)
    return civil_days(years, months, days, good)


def _parted_days(cells: Cells, *, mark: str, day_first: bool) -> Days:
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
DATE_FORMATS: dict[str, Callable[[Cells], Days]] = {
    "YYYY-MM-DD": iso_days,
    "YYYY/MM/DD": partial(_fixed_days, year=0, month=5, day=8, marks={4: "/", 7: "/"}),
    "YYYYMMDD": partial(_fixed_days, year=0, month=4, day=6, marks={}, width=8),
    "MM/DD/YYYY": partial(_parted_days, mark="/", day_first=False),
    "DD/MM/YYYY": partial(_parted_days, mark="/", day_first=True),
    "MM-DD-YYYY": partial(_parted_days, mark="-", day_first=False),
    "DD-MM-YYYY": partial(_parted_days, mark="-", day_first=True),
    "DD.MM.YYYY": partial(_parted_days, mark=".", day_first=True),
}

# Two orders that one text may fit both of: a column has one of them.
ORDERS = {
    "MM/DD/YYYY": "DD/MM/YYYY",
    "DD/MM/YYYY": "MM/DD/YYYY",
    "MM-DD-YYYY": "DD-MM-YYYY",
    "DD-MM-YYYY": "MM-DD-YYYY",
}


@dataclass(frozen=True, slots=True)
class DateRules:
    """How the dates of a column are to be read.

    Attributes:
        formats: the first that fits a cell is taken.
        timezone: of the dates, and of times without an offset.
        fixing_time: HH:MM at which a session date's value holds.
        period_end: a month, quarter or year holds on its last day, not on its first.
        earliest: a bare number before this instant (microseconds) is refused as misread; None: March 1973.
    """

    formats: Sequence[str]
    timezone: str
    fixing_time: str
    period_end: bool = False
    earliest: int | None = None


@dataclass(frozen=True, slots=True)
class Instants:
    """The instants of a date column.

    Attributes:
        as_of: int64 microseconds UTC; of a wall time that exists twice the first.
        good: which cells fit a format, and exist.
        fold: the second instant of a wall time that exists twice; ``as_of`` of all others.
    """

    as_of: Int64Array
    good: BoolArray
    fold: Int64Array


def instants(cells: Cells, rules: DateRules) -> Instants:
    """The instants of cells in any of several formats, the first that fits.

    Besides the names of :data:`DATE_FORMATS` there are :data:`SPELLED_FORMATS` (month names, months, quarters, years),
    ``ISO-TIME`` (a time without an offset is local) and :data:`NUMERIC_FORMATS` (``UNIX`` and so on, ``EXCEL``).
    """
    found = Instants(np.zeros(len(cells), np.int64), np.zeros(len(cells), np.bool_), np.zeros(len(cells), np.int64))
    for name in rules.formats:
        open_ = np.flatnonzero(~found.good)
        if not len(open_):
            break
        one = _read(cells.take(open_), name, rules)
        found.as_of[open_] = np.where(one.good, one.as_of, 0)
        found.fold[open_] = np.where(one.good, one.fold, 0)
        found.good[open_] = one.good
    return found


def _read(cells: Cells, name: str, rules: DateRules) -> Instants:
    if name == "ISO-TIME":
        return _iso_times(cells, rules.timezone)
    if name in NUMERIC_FORMATS:
        number, good, is_local, is_day = numeric_instants(cells, name, rules.earliest)
        zoned = _zoned(np.where(good & is_local, number, 0), rules.timezone)
        days = session_instants(np.where(good & is_day, number // MICROS_PER_DAY, 0), rules.timezone, rules.fixing_time)
        as_of = np.where(is_day, days, np.where(is_local, zoned.as_of, number))
        return Instants(
            as_of, good & (zoned.good | ~is_local | is_day), np.where(is_local & ~is_day, zoned.fold, as_of)
        )
    if name in SPELLED_FORMATS:
        days, fits = spelled_days(cells, name, period_end=rules.period_end)
    else:
        days, fits = DATE_FORMATS[name](cells)
    as_of = session_instants(np.where(fits, days, 0), rules.timezone, rules.fixing_time)
    return Instants(as_of, fits, as_of)


def civil_days(year: Int64Array, month: Int64Array, day: Int64Array, good: BoolArray) -> Days:
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


def _iso_times(cells: Cells, timezone: str) -> Instants:
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
    zoned = _zoned(np.where(good & ~has_offset, local, 0), timezone)
    as_of = np.where(has_offset, local - offset, zoned.as_of)
    return Instants(as_of, good & (has_offset | zoned.good), np.where(has_offset, as_of, zoned.fold))


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


def _zoned(local: Int64Array, timezone: str) -> Instants:
    """Local wall-clock microseconds (as if they were UTC) to UTC: both instants of each, and whether there is any."""
    if timezone == "UTC" or not len(local):
        return Instants(local, np.ones(len(local), np.bool_), local)
    minutes, inverse = np.unique(local // _MINUTE, return_inverse=True)
    offsets = np.array([_offsets_s(minute, timezone) for minute in minutes.tolist()], np.int64)[inverse]
    first, second = (local - offsets[:, at] * MICROS_PER_SECOND for at in (0, 1))
    # Where the clocks go forward, the offset before is the smaller one: what lies between is on no clock.
    return Instants(first, first <= second, second)


@lru_cache(maxsize=65_536)
def _offsets_s(minute: int, timezone: str) -> tuple[int, int]:
    """The offset of a wall-clock minute as it comes first, and as it comes again."""
    wall = (datetime(1970, 1, 1) + timedelta(minutes=minute)).replace(tzinfo=ZoneInfo(timezone))  # noqa: DTZ001  # wall-clock time; the zone follows
    first, second = (wall.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return int(first.total_seconds()), int(second.total_seconds())


@lru_cache(maxsize=65_536)
def _instant(day: int, at: time, timezone: str) -> int:
    try:
        local = datetime.combine(EPOCH_DAY + timedelta(days=day), at, ZoneInfo(timezone))
    except OverflowError:
        return day * MICROS_PER_DAY
    return to_micros(local)


def wall_time_is_missing(raw: bytes, rules: DateRules) -> bool:
    """Whether a text is a local time that the clocks of the zone never showed."""
    if "ISO-TIME" not in rules.formats:
        return False
    cells = Cells.of([raw])
    return not _iso_times(cells, rules.timezone).good[0] and bool(_iso_times(cells, "UTC").good[0])
