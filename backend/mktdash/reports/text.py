"""Figures and dates as people read them. One place, so that PDF and HTML never say a number differently."""

from datetime import date
from enum import StrEnum
from math import floor, log10

from mktdash.domain.clock import from_micros
from mktdash.domain.instrument import Measure

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Prices show about five significant digits, as dealers quote them: 0.86543, 1.1534, 11.685, 171.32, 0.00042346.
_DECIMALS_BELOW = ((10, 4), (100, 3))
# Beyond these a figure is written as 4.08e-11: nobody counts zeros, and no column is as wide.
_SMALLEST_PLAIN = 1e-6
_WIDEST_PLAIN = 15
_FEWEST_DIGITS = 2


class ChangeKind(StrEnum):
    """How a series' change is shown: prices and rates in percent, yields in basis points."""

    PERCENT = "percent"
    BASIS_POINTS = "bp"


def value_text(value: float | None, measure: str) -> str:
    """A value: five significant digits for prices and rates, two decimals for yields and index levels."""
    if value is None:
        return NONE
    decimals = 2
    if measure in {Measure.RATE, Measure.PRICE}:
        decimals = next((n for limit, n in _DECIMALS_BELOW if 1 <= abs(value) < limit), 2)
        if abs(value) < 1:
            decimals = 5 if value == 0 else 4 - floor(log10(abs(value)))
    return number_text(value, decimals)


def number_text(value: float, decimals: int) -> str:
    """A figure: one below 1 with as many more decimals as its digits need, very small and large ones with an exponent.

    Where ``decimals`` would show fewer than two of its significant digits it has up to three: 0.004, 0.0125.
    The rules and cases are those of the page (tests/golden/numbers.json).
    """
    size = int(f"{value:.6e}".split("e")[1])
    more = 2 - size if size < 0 and decimals + size + 1 < _FEWEST_DIGITS else decimals
    plain = f"{value:,.{more}f}"
    while more > decimals and plain.endswith("0"):
        plain, more = plain[:-1], more - 1
    fits = abs(value) >= _SMALLEST_PLAIN and len(plain) <= _WIDEST_PLAIN
    return _signed(plain.removesuffix(".") if value == 0 or fits else _with_exponent(value))


def _with_exponent(value: float) -> str:
    # At most twelve significant digits, float noise aside.
    mantissa, exponent = f"{value:.11e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def change_text(change: float | None, kind: ChangeKind) -> str:
    """A change with its sign and unit: ``+1.25 %``, ``-12 bp``."""
    if change is None:
        return NONE
    number = f"{change:+,.0f}" if kind is ChangeKind.BASIS_POINTS else f"{change:+,.2f}"
    # A change that rounds to nothing has no direction.
    if not number.strip("+-0.,"):
        number = number[1:]
    return f"{_signed(number)}\N{NO-BREAK SPACE}{'bp' if kind is ChangeKind.BASIS_POINTS else '%'}"


def tone(change: float | None) -> str:
    """``up``, ``down`` or ``flat``, for colour; the sign says it too."""
    if change is None or abs(change) < 0.005:  # noqa: PLR2004 - half of the last digit shown
        return "flat"
    return "up" if change > 0 else "down"


def day_text(day: date | None, *, year: bool = True) -> str:
    """``30 Oct 2026``, the same under every locale."""
    if day is None:
        return NONE
    text = f"{day.day}\N{NO-BREAK SPACE}{_MONTHS[day.month - 1]}"
    return f"{text}\N{NO-BREAK SPACE}{day.year}" if year else text


def month_text(day: date, *, year: bool) -> str:
    """``Oct`` or ``Oct 2026``."""
    return f"{_MONTHS[day.month - 1]} {day.year}" if year else _MONTHS[day.month - 1]


def instant_text(micros: int | None) -> str:
    """``30 Oct 2026 15:10 UTC``."""
    if micros is None:
        return NONE
    at = from_micros(micros)
    return f"{day_text(at.date())} {at:%H:%M} UTC"


def count_text(n: int, one: str, many: str) -> str:
    """``1 series``, ``12 sessions``."""
    return f"{n:,} {one if n == 1 else many}"


def _signed(number: str) -> str:
    return number.replace("-", MINUS)
