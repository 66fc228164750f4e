"""Flat runs: one value again and again, which live markets don't do and frozen feeds do."""

import numpy as np

from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import judged, name_point

SPEC = CheckSpec("flat", "Flat runs", "equal values in a row", warn=5, fail=10)

_HISTORY = 2000
# A rate that has stood still for weeks before is allowed to do so again, and half as long again.
_HABIT = 1.5
# What has stood still for a year is a peg: news when it began, and news again (a jump) when it ends.
_PEG = 250


def look(context: CheckContext, subject: Subject) -> Finding:
    """The longest run of equal values that reaches into the observations judged, against the longest before."""
    value = subject.columns.value[-_HISTORY:]
    recent = judged(context, subject.columns)[-_HISTORY:]
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
    status = graded(SPEC, run)
    if status is Status.PASS or run <= habit * _HABIT or run > _PEG:
        return Finding(Status.PASS, float(min(run, 4)))
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
    }
    return Finding(status, float(run), detail)


FLAT = PerSeries(SPEC, look, trouble="a value stands still", calm="no series stands still longer than it is wont to")
