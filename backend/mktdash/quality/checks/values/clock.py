"""Clock skew: values from the future, values at an unusual hour, sessions on a weekend."""

from typing import Any

import numpy as np

from mktdash.domain.calendar import EVERY_DAY
from mktdash.domain.clock import MICROS_PER_SECOND
from mktdash.domain.observation import Int64Array
from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.expected.expected_sessions import Slots
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import name_point, recent_or_revised

SPEC = CheckSpec("clock", "Clock skew", "seconds", warn=5, fail=60)

_SHOWN = 5
_SATURDAY = 5
_DAY_S = 86_400.0


def examine(context: CheckContext, subject: Subject) -> Finding:
    """The largest of: as_of after known_at; the shift against the series' own hour; a day for a weekend session."""
    columns = subject.columns
    recent = np.flatnonzero(recent_or_revised(context, columns))
    if not len(recent):
        return Finding(Status.PASS)
    off = np.zeros(len(recent))
    if columns.known_at is not None:
        off = np.maximum(off, (columns.as_of - columns.known_at)[recent] / MICROS_PER_SECOND)
    sessions = context.schedule is not None and context.schedule.step_s is None
    if sessions and subject.series.interval == "1d" and context.slots is not None:
        off = np.maximum(off, _off_hours(context.slots, columns.as_of[recent]))
        if context.dataset.calendar != EVERY_DAY:
            off = np.maximum(off, _weekends(context, subject, recent))
    highest = float(off.max())
    status = graded(SPEC, highest)
    if status is Status.PASS:
        return Finding(status, max(0.0, round(highest, 3)))
    places = np.flatnonzero(off >= (SPEC.warn or 0))[-_SHOWN:]
    points: list[dict[str, Any]] = [
        {"at": name_point(context, subject, int(recent[at])), "off_s": float(off[at])} for at in places
    ]
    return Finding(status, highest, {"points": points})


def _off_hours(slots: Slots, as_of: Int64Array) -> np.ndarray:
    """Seconds between the hour of each observation, counted from its session's midnight, and their usual hour."""
    slot = np.searchsorted(slots.start, as_of, "right") - 1
    inside = (slot >= 0) & (as_of < slots.end[np.maximum(slot, 0)])
    hour = (as_of - slots.start[np.maximum(slot, 0)]) / MICROS_PER_SECOND
    if inside.sum() < 3:  # noqa: PLR2004  # two hours that differ don't say which one is wrong
        return np.zeros(len(as_of))
    return np.where(inside, np.abs(hour - np.median(hour[inside])), 0.0)


def _weekends(context: CheckContext, subject: Subject, recent: Int64Array) -> np.ndarray:
    labels = [name_point(context, subject, int(at)) for at in recent]
    days = np.array(labels, dtype="datetime64[D]").astype(np.int64)
    # 1970-01-01 was a Thursday.
    return np.where((days + 3) % 7 >= _SATURDAY, _DAY_S, 0.0)


CLOCK = PerSeries(
    SPEC, examine, problem="wrong times", ok="every value has its usual time, and none is from the future"
)
