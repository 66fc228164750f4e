"""Finds the pattern in a batch's changes to a series: a factor, a shift, another series' values, reverse order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mktdash.domain.observation import BAR_FIELDS, Columns, Float64Array, Int64Array
from mktdash.quality.points import BoolArray, decimals_of

# A pattern is one when so many of the changed values follow it.
_FITS = 0.9
# Fewer changed values than this follow some pattern by accident.
LEAST = 10
_LEAST_OF_SHORT = 5
_LEAST_REVERSED = 5
_MOVES = (1, -1, 2, -2, 3, -3, 4, -4, 5, -5)
_PRICES = ("open", "high", "low", "value")
_RELATIVE = 1e-9


@dataclass(frozen=True, slots=True)
class Compared:
    """A series before and after a batch, at the instants that both have.

    Attributes:
        as_of: those instants, ascending.
        before, after: the columns there.
        changed: where the value or a field of the bar differs; ``moved`` where the value does.
        count_before: how many values there were before.
        retracted: the instants that the batch retracted.
    """

    as_of: Int64Array
    before: Columns
    after: Columns
    changed: BoolArray
    moved: BoolArray
    count_before: int
    retracted: Int64Array


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the changed values have in common: name, words for a sentence (after "values"), and how many fit."""

    name: str
    words: str
    n: int


def compare(before: Columns, after: Columns, count_before: int) -> Compared:
    """Two states of one series, aligned by instant."""
    common, at_before, at_after = np.intersect1d(before.as_of, after.as_of, assume_unique=True, return_indices=True)
    one, other = before.take(at_before), after.take(at_after)
    moved = one.value != other.value
    changed = moved
    for name in BAR_FIELDS:
        changed = changed | ~_same(getattr(one, name), getattr(other, name), len(common))
    retracted = np.setdiff1d(before.as_of, after.as_of, assume_unique=True)
    return Compared(common, one, other, changed, moved, count_before, retracted)


def _same(one: Float64Array | None, other: Float64Array | None, n: int) -> BoolArray:
    nothing = np.full(n, np.nan)
    a, b = nothing if one is None else one, nothing if other is None else other
    same: BoolArray = (a == b) | (np.isnan(a) & np.isnan(b))
    return same


def pattern_of(found: Compared, others: Mapping[str, Columns]) -> Pattern | None:
    """The first pattern that nine in ten of the changed values follow; None where they follow none.

    Args:
        found: the series before and after.
        others: the earlier values of the series that could replace it, by symbol.
    """
    if (bars := _fields_swapped(found)) is not None:
        return bars
    at = np.flatnonzero(found.moved)
    if (turned := _reversed(found, at)) is not None:
        return turned
    least = LEAST if len(found.as_of) > 2 * LEAST else _LEAST_OF_SHORT
    if len(at) < least:
        return None
    b, a = found.before.value, found.after.value
    for pattern in _candidates(found, at, others):
        if pattern.n >= _FITS * len(at) and len(np.unique(b[at])) > 2 and len(np.unique(a[at])) > 2:  # noqa: PLR2004 - of two values any two fit
            return pattern
    if len(np.unique(a[at])) == 1:
        return Pattern("constant", f"set to {a[at[0]]:.10g}", len(at))
    return None


def _candidates(found: Compared, at: Int64Array, others: Mapping[str, Columns]) -> Iterator[Pattern]:
    b, a = found.before.value, found.after.value
    for name, columns in others.items():
        yield Pattern("swap", f"replaced by those of {name}", _taken_from(columns, found.as_of[at], a[at]))
    for k in _MOVES:
        source = at - k
        inside = (source >= 0) & (source < len(b))
        n = int((inside & (b[np.clip(source, 0, len(b) - 1)] == a[at])).sum())
        way = "later" if k > 0 else "earlier"
        yield Pattern("moved", f"moved {abs(k)} {'place' if abs(k) == 1 else 'places'} {way}", n)
    old, new = b[at], a[at]
    decimals = decimals_of(new)
    coarse = 10.0 ** -min(decimals, decimals_of(old))
    if float((np.abs(new - old) <= coarse * (0.5 + 1e-6)).mean()) >= _FITS:
        yield Pattern("rounded", "rounded differently", len(at))
        return
    slack = 0.51 * 10.0**-decimals + _RELATIVE * np.abs(new)
    factor = _factor(old, new)
    if factor is not None:
        fits = int((np.abs(new - factor * old) <= slack).sum())
        # A step of a last digit or two is no factor, be it the same everywhere.
        if float((np.abs(new - old) > 2.5 * coarse).mean()) >= _FITS:
            yield Pattern("factor", f"restated by a factor of {factor:.6g}", fits)
    yield Pattern("inverse", "inverted (1/x)", int((np.abs(new - 1 / old) <= slack).sum()))
    step = float(np.median(new - old))
    both = slack + 0.51 * 10.0 ** -decimals_of(old)
    yield Pattern("shift", f"shifted by {step:.6g}", int((np.abs(new - old - step) <= both).sum()) if step else 0)


def _taken_from(columns: Columns, as_of: Int64Array, values: Float64Array) -> int:
    """How many values at some instants equal those of other columns at the same instants."""
    if not len(columns):
        return 0
    places = np.minimum(np.searchsorted(columns.as_of, as_of), len(columns) - 1)
    return int(((columns.as_of[places] == as_of) & (columns.value[places] == values)).sum())


def _factor(old: Float64Array, new: Float64Array) -> float | None:
    """The ratio between new and old values; the larger ones say it best, and a plain number is taken as meant."""
    sound = old != 0
    if not sound.any():
        return None
    size = np.abs(old)
    large = sound & (size >= np.median(size[sound]))
    if not large.any():
        return None
    factor = float(np.median(new[large] / old[large]))
    if factor in {0.0, 1.0} or not np.isfinite(factor):
        return None
    for plain in (round(factor, 3), 1 / round(1 / factor, 3) if round(1 / factor, 3) else factor):
        if plain and abs(plain / factor - 1) < 1e-4:  # noqa: PLR2004 - rounding
            return plain
    return factor


def _reversed(found: Compared, at: Int64Array) -> Pattern | None:
    if not len(at):
        return None
    run = slice(int(at[0]), int(at[-1]) + 1)
    old, new = found.before.value[run], found.after.value[run]
    if len(old) < _LEAST_REVERSED or len(np.unique(old)) < _LEAST_REVERSED:
        return None
    if float((new == old[::-1]).mean()) < _FITS:
        return None
    return Pattern("reversed", "put in reverse order", len(at))


def _fields_swapped(found: Compared) -> Pattern | None:
    at = np.flatnonzero(found.changed)
    if len(at) < _LEAST_OF_SHORT:
        return None
    both = (found.before, found.after)
    names = [name for name in _PRICES if all(getattr(columns, name) is not None for columns in both)]
    for n, one in enumerate(names):
        for other in names[n + 1 :]:
            fits = _crossed(found, at, one, other)
            if fits >= _FITS * len(at):
                words = [("close" if name == "value" else name) for name in (one, other)]
                return Pattern("fields", f"with {words[0]} and {words[1]} swapped", fits)
    return None


def _crossed(found: Compared, at: Int64Array, one: str, other: str) -> int:
    b1, b2 = getattr(found.before, one)[at], getattr(found.before, other)[at]
    a1, a2 = getattr(found.after, one)[at], getattr(found.after, other)[at]
    return int(((a1 == b2) & (a2 == b1) & (b1 != b2)).sum())


def directions(found: Compared, at: Int64Array) -> tuple[int, int]:
    """How many of some values went up, and how many down."""
    steps = found.after.value[at] - found.before.value[at]
    return int((steps > 0).sum()), int((steps < 0).sum())
