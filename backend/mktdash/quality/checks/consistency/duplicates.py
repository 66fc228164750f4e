"""Duplicates: a session that comes twice, or that repeats the one before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mktdash.domain.observation import BAR_FIELDS
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Finding, Status, Subject
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import BoolArray, name_point, recent_or_revised

SPEC = CheckSpec("duplicates", "Duplicates", "sessions", warn=1, fail=1)

_SHOWN = 5
# So many series must repeat a session before it counts as copied.
_TOGETHER = 4
_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Per series, sessions with two observations and copied bars; over all series, copied sessions."""

    each: PerSeries

    @property
    def spec(self) -> CheckSpec:
        """The name and bounds."""
        return self.each.spec

    def measure(self, context: CheckContext, subjects: Sequence[Subject]) -> Mapping[int, Finding]:
        """Each series on its own; ``combine`` counts the sessions that it repeats."""
        return self.each.measure(context, subjects)

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """Adds the sessions on which nine in ten series repeat the session before."""
        result = self.each.combine(context, findings)
        counted = [finding for finding in findings.values() if finding.value is not None]
        still: dict[str, int] = {}
        for finding in counted:
            for label in finding.detail.get("still", ()):
                still[label] = still.get(label, 0) + 1
        enough = max(_TOGETHER, _SHARE * len(counted))
        copied = sorted(label for label, n in still.items() if n >= enough)
        if not copied:
            return result
        return replace(
            result,
            status=Status.FAIL,
            value=max(result.value or 0.0, float(len(copied))),
            summary=f"{copied[-1]} repeats the session before it in every series",
            evidence={**result.evidence, "copied_sessions": copied[-_SHOWN:]},
        )


def examine(context: CheckContext, subject: Subject) -> Finding:
    """Sessions that a daily series has twice, and bars that equal the one before in every field."""
    columns, slots = subject.columns, context.slots
    if context.schedule is None or slots is None or context.schedule.step_s is not None or subject.filled is None:
        return Finding(Status.PASS)
    twice = np.flatnonzero(subject.filled > slots.need) if subject.series.interval == "1d" else np.empty(0, np.int64)
    points: list[dict[str, Any]] = [
        {"at": slots.label[int(slot)], "observations": int(subject.filled[slot])} for slot in twice
    ]
    repeats = _repeats(subject)
    copied = np.flatnonzero(repeats & recent_or_revised(context, columns)[1:]) + 1
    bars = _bars(subject)
    detail: dict[str, Any] = {}
    if len(copied):
        detail["still"] = [name_point(context, subject, int(at)) for at in copied]
    if bars:
        points += [{"at": name_point(context, subject, int(at)), "copy_of_the_previous": True} for at in copied]
    if points:
        detail["points"] = sorted(points, key=lambda point: str(point["at"]))[-_SHOWN:]
    return Finding(graded(SPEC, len(points)), float(len(points)), detail)


def _bars(subject: Subject) -> bool:
    return subject.columns.open is not None and subject.columns.high is not None


def _repeats(subject: Subject) -> BoolArray:
    """Which observations equal the one before in every field; a bar without movement is no evidence."""
    value = subject.columns.value
    same: BoolArray = value[1:] == value[:-1]
    if not same.any():
        return same
    for name in BAR_FIELDS:
        column = getattr(subject.columns, name)
        if column is not None:
            same = same & (column[1:] == column[:-1])
    high, low = subject.columns.high, subject.columns.low
    if high is not None and low is not None:
        same = same & (high[1:] > low[1:])
    return same


DUPLICATES = Duplicates(PerSeries(SPEC, examine, problem="duplicate session", ok="no duplicate sessions"))
