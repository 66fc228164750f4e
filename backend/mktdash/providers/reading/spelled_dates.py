"""Parses dates with month names, and periods: ``2-Jan-2024``, ``Jan 2024``, ``2024Q1``, ``2024-03``, ``2024``."""

import re
from calendar import monthrange
from datetime import date
from functools import lru_cache

import numpy as np

from mktdash.domain.observation import Int64Array
from mktdash.providers.reading.numerals import BoolArray, Cells

_EPOCH = date(1970, 1, 1)
_MONTHS = (
    {
        name: number
        for number, full in enumerate(
            "january february march april may june july august september october november december".split(),  # noqa: SIM905 - one line a year
            start=1,
        )
        for name in (full, full[:3])
    }
    | {"sept": 9}
)
_MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
_DAY = r"(?P<day>[0-9]{1,2})"
_YEAR = r"(?P<year>[0-9]{4})"

# By the name a mapping uses; those without a day are periods.
SPELLED_FORMATS = {
    "DD-MON-YYYY": re.compile(rf"{_DAY}[-\s]{_MONTH}[-\s]{_YEAR}"),
    "MON-DD-YYYY": re.compile(rf"{_MONTH}[-\s]{_DAY},?[-\s]{_YEAR}"),
    "MON-YYYY": re.compile(rf"{_MONTH}[-\s]{_YEAR}"),
    "YYYY-MM": re.compile(rf"{_YEAR}-(?P<month>[0-9]{{2}})"),
    "YYYY-QN": re.compile(rf"{_YEAR}[-\s]?Q(?P<quarter>[1-4])"),
    "YYYY": re.compile(_YEAR),
}


def spelled_days(cells: Cells, name: str, *, period_end: bool) -> tuple[Int64Array, BoolArray]:
    """Days since 1970 of cells in one of the formats, and which cells fit it.

    Args:
        cells: the texts, without blanks around them.
        name: of the format.
        period_end: a period stands for its last day, not for its first.
    """
    days = [_day(cells.raw(index), name, period_end) for index in range(len(cells))]
    good = np.array([day is not None for day in days], np.bool_)
    return np.array([day or 0 for day in days], np.int64), good


@lru_cache(maxsize=65_536)
def _day(raw: bytes, name: str, period_end: bool) -> int | None:  # noqa: FBT001 - a cache takes it by position
    fit = SPELLED_FORMATS[name].fullmatch(raw.decode("utf-8", "replace"))
    if fit is None:
        return None
    parts = fit.groupdict()
    year, first, months = int(parts["year"]), 1, 12
    if "quarter" in parts:
        first, months = 3 * int(parts["quarter"]) - 2, 3
    elif "month" in parts:
        first, months = int(parts["month"]), 1
    elif "name" in parts:
        first, months = _MONTHS.get(parts["name"].lower(), 0), 1
    if not (1 <= first <= 12 and year >= 1):  # noqa: PLR2004  # months of a year
        return None
    last = first + months - 1
    if "day" in parts:
        day = int(parts["day"])
    else:
        first, day = (last, monthrange(year, last)[1]) if period_end else (first, 1)
    if not 1 <= day <= monthrange(year, first)[1]:
        return None
    return (date(year, first, day) - _EPOCH).days
