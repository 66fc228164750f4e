"""Flat runs: the same value many times in a row, as frozen feeds have it and live markets don't."""

import math

import numpy as np

from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import name_point, recent_or_revised

SPEC = CheckSpec("flat", "Flat runs", "equal values in a row", warn=5, fail=10)

_HISTORY = 2000
# A rate that has stood still for weeks before is allowed to do so again, and half as long again.
_HABIT = 1.5
# What has stood still for a year is a peg: news when it began, and news again (a jump) when it ends.
_PEG = 250
_ONCE_IN = 20
_TICKS_LEAST_S = 300


def examine(context: CheckContext, subject: Subject) -> Finding:
    """The longest run of equal values that reaches into the observations judged, against the longest before.

    A dataset without a schedule, such as trades, may well repeat values.
    """
    if context.schedule is None:
        return Finding(Status.PASS)
    value = subject.columns.value[-_HISTORY:]
    recent = recent_or_revised(context, subject.columns)[-_HISTORY:]
    if len(value) < SPEC.warn or not recent[-1]:  # type: ignore[operator]  # the bound is set above
        return Finding(Status.PASS)
    starts = np.flatnonzero(np.concatenate([[True], value[1:] != value[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(value)]]))
    ends = starts + lengths - 1
    # The run at the window's beginning may be part of a longer one; as a habit it still counts.
    live = recent[ends] & (starts > 0)
    habit = int(lengths[~live].max(initial=0))
    if not live.any():
        return Finding(Status.PASS, 0.0)
    at = int(np.argmax(np.where(live, lengths, 0)))
    run = int(lengths[at])
    chance = max(_by_chance(len(value), len(starts) - 1, run), _least(context))
    status = graded(SPEC, run)
    if status is Status.PASS or run <= max(habit * _HABIT, chance) or run > _PEG:
        return Finding(Status.PASS, float(min(run, 4)))
    if run <= 2 * chance:
        status = Status.WARN
    skipped = len(subject.columns) - len(value)
    detail = {
        "points": [
            {
                "at": name_point(context, subject, skipped + int(ends[at])),
                "since": name_point(context, subject, skipped + int(starts[at])),
                "to": float(value[starts[at]]),
            }
        ],
        "longest_before": habit,
        "by_chance": round(chance, 1),
    }
    return Finding(status, float(run), detail)


def _least(context: CheckContext) -> float:
    """Of ticks a run counts by its time: a quiet minute is none."""
    step_s = None if context.schedule is None else context.schedule.step_s
    return 0.0 if step_s is None else _TICKS_LEAST_S / step_s


def _by_chance(n: int, moves: int, run: int) -> float:
    """The run that n values would reach once in twenty times, if each stood still as often as the others here do."""
    still = (n - 1 - moves - (run - 1)) / max(1, n - run)
    if still <= 0:
        return 0.0
    return math.log(_ONCE_IN * n) / -math.log(min(still, 0.999))


FLAT = PerSeries(SPEC, examine, problem="value unchanged for long", ok="no value is unchanged for longer than usual")
