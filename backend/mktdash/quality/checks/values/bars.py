"""Impossible bars: an open or close outside low..high, a high below the low, a negative volume."""

from typing import Any

import numpy as np

from mktdash.domain.observation import Columns
from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import BoolArray, name_point, recent_or_revised

SPEC = CheckSpec("bars", "Impossible bars", "bars", warn=1, fail=1)

_SHOWN = 10
_FIELDS = ("open", "high", "low", "volume")


def impossible(columns: Columns) -> BoolArray:
    """Which bars contradict themselves; a missing field contradicts nothing."""
    bad = np.zeros(len(columns), np.bool_)
    with np.errstate(invalid="ignore"):
        for inner in (columns.value, columns.open, columns.low):
            if inner is not None and columns.high is not None:
                bad |= inner > columns.high
        for inner in (columns.value, columns.open):
            if inner is not None and columns.low is not None:
                bad |= inner < columns.low
        if columns.volume is not None:
            bad |= columns.volume < 0
    return bad


def examine(context: CheckContext, subject: Subject) -> Finding:
    """How many recent or revised bars are impossible; older ones are counted beside."""
    columns = subject.columns
    if columns.high is None and columns.low is None and columns.volume is None:
        return Finding(Status.PASS)
    bad = impossible(columns)
    if not bad.any():
        return Finding(Status.PASS, 0.0)
    now = np.flatnonzero(bad & recent_or_revised(context, columns))
    detail: dict[str, Any] = {"in_old_history": int(bad.sum()) - len(now)}
    if len(now):
        detail["points"] = [_bar(context, subject, int(at)) for at in now[-_SHOWN:]]
    return Finding(graded(SPEC, len(now)), float(len(now)), detail)


def _bar(context: CheckContext, subject: Subject, at: int) -> dict[str, Any]:
    bar: dict[str, Any] = {"at": name_point(context, subject, at), "close": float(subject.columns.value[at])}
    for name in _FIELDS:
        column = getattr(subject.columns, name)
        if column is not None and np.isfinite(column[at]):
            bar[name] = float(column[at])
    return bar


BARS = PerSeries(SPEC, examine, problem="impossible bars", ok="no impossible bars")
