"""Finds anomalies in the full history of a series; each function gives the indexes where there is one."""

import numpy as np

from mktdash.domain.observation import Columns, Float64Array, Int64Array
from mktdash.quality.base import Subject
from mktdash.quality.points import BoolArray, is_relative, returns

# A step counts as one of its own when it is so many times the largest other step around it: crises come in a row of
# large steps, a slipped digit comes alone.
_ALONE = 3.0
_AROUND = 60
_ENOUGH = 20
# A spike of less than a twentieth and a new level of less than four fifths up may be the market's own.
_SPIKE_LEAST = float(np.log(1.05))
_LEVEL_LEAST = float(np.log(1.8))
# What went up must come down by so much of it to be a spike, and a new level must hold for so many values.
_RETURNS = 0.7
_HOLDS, _HELD = 10, 0.2
# So many pairs of equal values, one after the other, come about by chance once in ten thousand series.
_PAIRS = 8
_WEEKDAYS = 5
# So many bars are looked at together. They run backwards when three in five more than usual open nearer to the next
# close; where the close before is by rule not half as far from the open as the next one, opens say nothing.
_STRETCH = 15
_MORE = 0.6
_APART = 0.5


def scaled_steps(subject: Subject) -> Float64Array:
    """The step into each value but the first: of logarithms, or as a share of the usual size; 0 where it is none."""
    steps, value = np.nan_to_num(returns(subject)), subject.columns.value
    if is_relative(subject) or not (value != 0).any():
        return steps
    with np.errstate(all="ignore"):
        scaled: Float64Array = steps / float(np.median(np.abs(value[value != 0])))
    return np.nan_to_num(scaled, posinf=0.0, neginf=0.0)


def spikes(steps: Float64Array) -> Int64Array:
    """Places of single values that leave the level and come back at once, alone in their size."""
    into, out = steps[:-1], steps[1:]
    size = np.minimum(np.abs(into), np.abs(out))
    found = (into * out < 0) & (size >= _SPIKE_LEAST) & (size >= _RETURNS * np.maximum(np.abs(into), np.abs(out)))
    return np.array([at + 1 for at in np.flatnonzero(found).tolist() if _isolated(steps, at, 2, size[at])], np.int64)


def new_levels(steps: Float64Array) -> Int64Array:
    """Places from which on a series stands at nearly double, half or further from where it stood: a unit, a split."""
    level = np.concatenate([[0.0], np.cumsum(steps)])
    found = []
    for at in np.flatnonzero(np.abs(steps) >= _LEVEL_LEAST).tolist():
        before, after = level[max(0, at + 1 - _HOLDS) : at + 1], level[at + 1 : at + 1 + _HOLDS]
        moved = float(np.median(after) - np.median(before))
        held = len(before) == len(after) == _HOLDS and abs(moved - steps[at]) <= _HELD * abs(steps[at])
        if held and _isolated(steps, at, 1, abs(steps[at])):
            found.append(at + 1)
    return np.array(found, np.int64)


def _isolated(steps: Float64Array, at: int, width: int, size: float) -> bool:
    """Whether no other step near is a third as large."""
    before, after = steps[max(0, at - _AROUND) : at], steps[at + width : at + width + _AROUND]
    others = np.abs(np.concatenate([before, after]))
    return len(others) >= _ENOUGH and size > _ALONE * float(others.max())


def weekends(days: Int64Array, *, seven_days: bool) -> BoolArray:
    """Which session dates (days since 1970) are Saturdays or Sundays in a series of weekdays.

    Args:
        days: ascending.
        seven_days: the calendar has weekends; those of a series of weekdays are anomalies all the same.
    """
    # 1970-01-01 was a Thursday.
    found: BoolArray = (days + 3) % 7 >= _WEEKDAYS
    if seven_days and found.mean() > 0.05:  # noqa: PLR2004 - two sevenths where a source really publishes on them
        return np.zeros(len(days), np.bool_)
    return found


def duplicate_sessions(days: Int64Array) -> BoolArray:
    """Which observations share their session date with the one before."""
    found = np.zeros(len(days), np.bool_)
    found[1:] = days[1:] == days[:-1]
    return found


def copied_bars(columns: Columns) -> BoolArray:
    """Which bars that moved equal the one before in every field."""
    found = np.zeros(len(columns), np.bool_)
    if columns.open is None or columns.high is None or columns.low is None or len(columns) < 2:  # noqa: PLR2004 - a pair
        return found
    same = columns.high[1:] > columns.low[1:]
    for column in (columns.value, columns.open, columns.high, columns.low, columns.volume):
        if column is not None:
            same &= (column[1:] == column[:-1]) | (np.isnan(column[1:]) & np.isnan(column[:-1]))
    found[1:] = same
    return found


def repeated_pairs(value: Float64Array) -> slice | None:
    """The longest stretch in which every second value repeats the one before it: a, a, b, b; None where there is none.

    A stretch is pairs of equal values with a change between one pair and the next.
    """
    if len(value) < 2 * _PAIRS:
        return None
    same = value[1:] == value[:-1]
    # A place of the pattern: the value repeats and then changes, or ends.
    turns = same & ~np.append(same[1:], False)
    best = slice(0, 0)
    for parity in (0, 1):
        edges = np.flatnonzero(np.diff(turns[parity::2].astype(np.int8), prepend=0, append=0))
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if 2 * (last - first) > best.stop - best.start:
                best = slice(2 * first + parity, 2 * last + parity)
    return best if best.stop - best.start >= 2 * _PAIRS else None


def reversed_bars(columns: Columns) -> BoolArray | None:
    """Which bars belong to a stretch that runs backwards: they open near the next close, not near the one before.

    None where opens say nothing: there are none, too few, or they are no nearer to the close before than to the next.
    """
    if columns.open is None or len(columns) < 3 * _STRETCH:
        return None
    open_, close = columns.open[1:-1], columns.value
    with np.errstate(all="ignore"):
        from_before, from_next = np.abs(open_ - close[:-2]), np.abs(open_ - close[2:])
    nearer_next = from_next < from_before
    sound = np.isfinite(from_before) & np.isfinite(from_next)
    if sound.sum() < 2 * _STRETCH or np.median(from_before[sound]) >= _APART * np.median(from_next[sound]):
        return None
    found = np.zeros(len(columns), np.bool_)
    bound = _STRETCH * (_MORE + float(nearer_next.mean()))
    backward = np.convolve(nearer_next, np.ones(_STRETCH, np.int64), "valid") >= bound
    for at in np.flatnonzero(backward).tolist():
        found[at + 1 : at + 1 + _STRETCH] = True
    return found
