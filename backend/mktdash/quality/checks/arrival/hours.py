"""Missing hours: times of day within a session at which a series usually has a value and now has none."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from mktdash.domain.calendar import closes_early
from mktdash.domain.clock import MICROS_PER_SECOND, iso
from mktdash.domain.interval import interval_seconds
from mktdash.domain.observation import Int64Array
from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.expected.expected_sessions import Slots
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import BoolArray

SPEC = CheckSpec("hours", "Missing hours", "share of a session's usual times", warn=0.01, fail=0.5)

_DAY_S, _HOUR_S = 86_400, 3600
_ENOUGH = 5
# A time of day is usual when four in five sessions have it.
_USUAL = 0.8
# One or two minutes or seconds may always be missing; and a day may lack twice what the worst other day lacks.
_LEAST_OF_FINER = 3
_HABIT = 2
_SHOWN = 20
_MOST_TIMES = 4000


def examine(context: CheckContext, subject: Subject) -> Finding:
    """The largest share of its usual times that one of the last sessions lacks, beyond what other sessions lack."""
    step_s = interval_seconds(subject.series.interval)
    slots = context.slots
    if slots is None or context.schedule is None or step_s >= _DAY_S or len(slots) <= _ENOUGH:
        return Finding(Status.PASS)
    step = step_s * MICROS_PER_SECOND
    times = int((slots.end - slots.start).max()) // step
    if not 1 < times <= _MOST_TIMES:
        return Finding(Status.PASS)
    there = _grid(slots, subject.columns.as_of, step, times)
    begun = there.any(axis=1)
    # The first session may have begun in its middle; the one not due yet has not ended.
    whole = begun & (slots.due <= context.window_end)
    whole[: int(np.argmax(begun)) + 1] = False
    if int(whole.sum()) < _ENOUGH:
        return Finding(Status.PASS)
    usual = there[whole].mean(axis=0) >= _USUAL
    lacking = whole[:, None] & usual[None, :] & ~there
    lacking &= np.arange(times)[None, :] < ((slots.end - slots.start) // step)[:, None]
    for first, last in context.absences.get(subject.series.id, ()):
        instants = slots.start[:, None] + np.arange(times)[None, :] * step
        lacking &= ~((instants + step > first) & (instants <= last))
    counts = lacking.sum(axis=1)
    for slot in np.flatnonzero(counts).tolist():
        if _closed_early(context, slots.label[slot], there[slot], lacking[slot]):
            counts[slot] = 0
    return _finding(slots, lacking, counts, usual, step)


def _grid(slots: Slots, as_of: Int64Array, step: int, times: int) -> BoolArray:
    """By slot and time of day, whether there is an observation."""
    there = np.zeros((len(slots), times), np.bool_)
    slot = np.searchsorted(slots.start, as_of, "right") - 1
    inside = (slot >= 0) & (as_of < slots.end[np.maximum(slot, 0)])
    slot, as_of = slot[inside], as_of[inside]
    there[slot, np.minimum((as_of - slots.start[slot]) // step, times - 1)] = True
    return there


def _closed_early(context: CheckContext, label: str, there: BoolArray, lacking: BoolArray) -> bool:
    """Whether only the end of a session is missing, on a day on which its exchange closes early."""
    last = int(np.flatnonzero(there)[-1])
    # Only what is missing at the end can be an early close; a slot of ticks, named by an instant, has none.
    return bool(np.flatnonzero(lacking)[0] > last) and (
        closes_early(context.dataset.calendar, date.fromisoformat(label[:10])) is not None
    )


def _finding(slots: Slots, lacking: BoolArray, counts: Int64Array, usual: BoolArray, step: int) -> Finding:
    worst = int(np.argmax(counts))
    missing = int(counts[worst])
    others = int(np.delete(counts, worst).max(initial=0))
    share = round(missing / max(int(usual.sum()), 1), 4)
    least = 1 if step >= _HOUR_S * MICROS_PER_SECOND else _LEAST_OF_FINER
    if missing < least or (missing <= _HABIT * others and share < (SPEC.fail or 1)):
        return Finding(Status.PASS, 0.0)
    places = np.flatnonzero(lacking[worst])
    detail: Mapping[str, Any] = {
        "missing": missing,
        "usual": int(usual.sum()),
        "points": [{"at": iso(int(slots.start[worst] + at * step))} for at in places[:_SHOWN].tolist()],
    }
    return Finding(max(graded(SPEC, share), Status.WARN, key=("PASS", "WARN", "FAIL").index), share, detail)


HOURS = PerSeries(SPEC, examine, problem="hours missing", ok="every session has its usual times")
