"""Which observations a check judges, and their returns; old values known for long are left to ``history``."""

import numpy as np
import numpy.typing as npt

from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, iso
from mktdash.domain.interval import interval_seconds
from mktdash.domain.observation import Columns, Float64Array
from mktdash.quality.base import CheckContext, Subject
from mktdash.quality.expected.expected_sessions import label_of

BoolArray = npt.NDArray[np.bool_]

_SETTLED = 31 * MICROS_PER_DAY
# A share of late values above this is a backfill of history, not a change to single days of it.
_BACKFILL = 0.05
# A step over so many intervals is not one return.
_GAP = 14
_MOST_DECIMALS = 8


def recent_or_revised(context: CheckContext, columns: Columns) -> BoolArray:
    """Which observations are of the last slots, or older and revised recently."""
    if context.slots is None or not len(context.slots) or not len(columns):
        return np.ones(len(columns), np.bool_)
    step_s = None if context.schedule is None else context.schedule.step_s
    begin = int(context.slots.start[0] if step_s is None else context.slots.start[max(0, len(context.slots) - 2)])
    recent = columns.as_of >= begin
    if columns.known_at is None:
        return recent
    revised = columns.known_at >= max(begin, int(columns.known_at.min()) + MICROS_PER_DAY)
    late = ~recent & revised & (columns.known_at - columns.as_of > _SETTLED)
    if late.sum() > _BACKFILL * len(columns):
        return recent
    return recent | late


def returns(subject: Subject) -> Float64Array:
    """The step into each observation but the first: of logarithms where values are positive, else of values.

    NaN where it is no step of one interval: over a long gap, or between numbers too large to subtract.
    """
    value = subject.columns.value
    with np.errstate(all="ignore"):
        steps = np.diff(np.log(value) if is_relative(subject) else value)
        gap = np.diff(subject.columns.as_of) > _GAP * interval_seconds(subject.series.interval) * MICROS_PER_SECOND
        steps[gap | ~np.isfinite(steps)] = np.nan
    return steps


def is_relative(subject: Subject) -> bool:
    """Whether steps of the series are judged as shares of its value: of a positive series that is no yield."""
    series = subject.series
    return series.positive and series.measure != "yield" and bool((subject.columns.value > 0).all())


def name_point(context: CheckContext, subject: Subject, at: int) -> str:
    """How people name an observation of a series."""
    as_of = int(subject.columns.as_of[at])
    if context.schedule is None:
        return iso(as_of)
    return label_of(context.schedule, as_of)


def decimals_of(values: Float64Array) -> int:
    """The decimals a source writes, 8 at most."""
    for decimals in range(_MOST_DECIMALS):
        if np.allclose(values, np.round(values, decimals), rtol=0, atol=10.0 ** -(_MOST_DECIMALS + 2)):
            return decimals
    return _MOST_DECIMALS
