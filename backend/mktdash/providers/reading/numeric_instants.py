"""Parses instants written as one number: UNIX seconds to nanoseconds, and Excel's days.

A number outside the years of market data is refused: more likely it counts in another unit.
"""

import re
from datetime import UTC, datetime

import numpy as np

from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, to_micros
from mktdash.domain.observation import Int64Array
from mktdash.providers.reading.numerals import BoolArray, Cells

# 100,000,000 seconds after 1970: below it begin the seconds that are really something else.
EARLIEST = to_micros(datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC))
LATEST = to_micros(datetime(2100, 1, 1, tzinfo=UTC))
# Excel's day 0, as it counts from March 1900 on.
_EXCEL_DAY = -25_569
_WHOLE_TEXT = re.compile(rb"-?[0-9]{1,19}")
_DIGITS = 19
_DAY_MS = 86_400_000
_DAYS = re.compile(rb"[0-9]{1,7}(\.[0-9]{1,17})?")
_MILLI = 1000

# How many of one make a microsecond, or how many microseconds one is.
_PER_MICRO = {"UNIX-NS": 1000}
_MICROS = {"UNIX": MICROS_PER_SECOND, "UNIX-MS": 1000, "UNIX-US": 1}
NUMERIC_FORMATS = (*_MICROS, *_PER_MICRO, "EXCEL")


def numeric_instants(
    cells: Cells, name: str, earliest: int | None
) -> tuple[Int64Array, BoolArray, BoolArray, BoolArray]:
    """Microseconds of cells that count from a fixed instant.

    Returns:
        The microseconds, which cells are such numbers in a plausible time, which are local, and which are whole days.
    """
    low = EARLIEST if earliest is None else earliest
    if name == "EXCEL":
        days = [_excel(cells.raw(index)) for index in range(len(cells))]
        found = np.array([0 if one is None else one for one in days], np.int64)
        good = np.array([one is not None for one in days], np.bool_) & (low <= found) & (found < LATEST)
    else:
        number, good = _whole(cells)
        if name in _PER_MICRO:
            number, unit = number // _PER_MICRO[name], 1
        else:
            unit = _MICROS[name]
        # Compared before it is multiplied, which may overflow.
        good &= (number >= -(-low // unit)) & (number < LATEST // unit)
        found = np.where(good, number, 0) * unit
    is_local = np.full(len(cells), name == "EXCEL")
    return np.where(good, found, 0), good, is_local, is_local & (found % MICROS_PER_DAY == 0)


def _whole(cells: Cells) -> tuple[Int64Array, BoolArray]:
    """Whole numbers of at most 18 digits, or of 19 that begin with a digit below 9; and which cells are such."""
    negative = cells.byte(0) == ord("-")
    cells = cells.after(negative.astype(np.int64))
    width = cells.end - cells.start
    value = np.zeros(len(cells), np.int64)
    good: BoolArray = (width > 0) & ((width < _DIGITS) | ((width == _DIGITS) & (cells.byte(0) < ord("9"))))
    for position in range(int(width.max(initial=0, where=good))):
        byte = cells.byte(position).astype(np.int64)
        digit = (byte >= ord("0")) & (byte <= ord("9"))
        good &= digit | (position >= width)
        value = np.where(digit & good, value * 10 + byte - ord("0"), value)
    return np.where(negative, -value, value), good


def _excel(raw: bytes) -> int | None:
    # Excel's times are days with a fraction; to the millisecond they are what was entered.
    return (int(float(raw) * _DAY_MS + 0.5) + _EXCEL_DAY * _DAY_MS) * _MILLI if _DAYS.fullmatch(raw) else None


def _micros(raw: bytes, name: str) -> int | None:
    if name == "EXCEL":
        return _excel(raw)
    if not _WHOLE_TEXT.fullmatch(raw):
        return None
    return int(raw) // _PER_MICRO[name] if name in _PER_MICRO else int(raw) * _MICROS[name]


def likely_unit(raw: bytes) -> str | None:
    """The unit in which a number would be a plausible instant; None where there is none."""
    for name in NUMERIC_FORMATS:
        micros = _micros(raw, name)
        if micros is not None and EARLIEST <= micros < LATEST:
            return name
    return None


def epoch_unit(number: float) -> int | None:
    """How many microseconds one of a UNIX time is (seconds, milli- or microseconds), by its size; None: none fits."""
    for micros in _MICROS.values():
        if EARLIEST <= number * micros < LATEST:
            return micros
    return None
