"""The slots that a dataset is expected to fill in the last weeks: a session each, or an hour or a day of ticks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mktdash.domain.calendar import EVERY_DAY, MONTHLY, CalendarUnavailableError
from mktdash.domain.clock import MICROS_PER_SECOND, iso, to_micros
from mktdash.domain.interval import interval_seconds
from mktdash.domain.observation import Int64Array
from mktdash.domain.schedule import session_of, sessions_between
from mktdash.store.datasets import DatasetRow
from mktdash.store.quality_reads import Member

LONG_WINDOW = 30
SHORT_WINDOW = 7
_DAY_S = 86_400
_HOUR_S = 3600
_MONTH_S = 28 * _DAY_S
# A monthly source is looked at over as many months as a daily one over days.
_DAYS_PER_MONTH = 31


@dataclass(frozen=True, slots=True)
class Schedule:
    """A dataset's schedule as its series' interval makes it: by the month for monthly ones, by the second for ticks.

    Attributes:
        step_s: seconds between two observations where they come all day and night; None where sessions count.
    """

    calendar: str
    timezone: str
    fixing_time: str
    publish_delay_s: int
    grace_s: int
    step_s: int | None = None

    @property
    def monthly(self) -> bool:
        """One observation a month."""
        return self.calendar == MONTHLY


@dataclass(frozen=True, slots=True)
class Slots:
    """Consecutive slots, ascending. Times in microseconds UTC.

    Attributes:
        label: the session date, or the start of the hour or day of ticks.
        start, end: an observation fills the slot when ``start <= as_of < end``.
        due: from when on a slot without its observations is late.
        recent: whether the slot is of the short window too.
        need: observations expected in each slot.
    """

    label: Sequence[str]
    start: Int64Array
    end: Int64Array
    due: Int64Array
    recent: npt.NDArray[np.bool_]
    need: int

    def __len__(self) -> int:
        return len(self.label)


def finest_step(series: Iterable[Member]) -> int:
    """The shortest interval among series, in seconds; a day where there are none."""
    return min((interval_seconds(interval) for interval in {one.interval for one in series}), default=_DAY_S)


def schedule_of(dataset: DatasetRow, series: Iterable[Member]) -> Schedule:
    """The schedule that fits the dataset's finest interval.

    Raises:
        CalendarUnavailableError: the dataset has no calendar, or intervals (weeks, quarters) that none here can place.
    """
    if not dataset.calendar:
        raise CalendarUnavailableError(f"{dataset.key} has no schedule", dataset=dataset.key)
    declared = Schedule(
        dataset.calendar, dataset.timezone, dataset.fixing_time, dataset.publish_delay_s, dataset.grace_s
    )
    finest = finest_step(series)
    if finest < _DAY_S:
        return replace(declared, step_s=finest) if dataset.calendar == EVERY_DAY else declared
    if finest == _DAY_S:
        return declared
    if _MONTH_S <= finest <= _DAYS_PER_MONTH * _DAY_S:
        return replace(declared, calendar=MONTHLY)
    raise CalendarUnavailableError(
        f"no calendar here places the intervals of {dataset.key}", dataset=dataset.key, interval_s=finest
    )


def slots_of(schedule: Schedule, now: datetime) -> Slots:
    """The slots of the long window up to ``now``, those not due yet included.

    Raises:
        CalendarUnavailableError: the calendar can't answer for these weeks.
    """
    if schedule.step_s is not None:
        return _tick_slots(schedule, schedule.step_s, to_micros(now))
    today = session_of(to_micros(now), schedule.timezone)
    scale = _DAYS_PER_MONTH if schedule.monthly else 1
    return _session_slots(schedule, today.toordinal(), scale)


@lru_cache(maxsize=256)
def _session_slots(schedule: Schedule, today_ordinal: int, scale: int) -> Slots:
    today = datetime.fromordinal(today_ordinal).date()
    found = sessions_between(schedule, today - timedelta(days=LONG_WINDOW * scale - 1), today)
    short = today - timedelta(days=SHORT_WINDOW * scale)
    return Slots(
        label=[date.isoformat() for date in found.dates],
        start=found.start,
        end=found.end,
        due=found.due,
        recent=np.array([date > short for date in found.dates], dtype=np.bool_),
        need=1,
    )


def _tick_slots(schedule: Schedule, step_s: int, now: int) -> Slots:
    # An hour of ticks is a chunk, so whole hours are counted without reading one of them.
    size_s = _HOUR_S if step_s < 60 else _DAY_S  # noqa: PLR2004
    size = size_s * MICROS_PER_SECOND
    current = now // size
    numbers = np.arange(current - LONG_WINDOW * _DAY_S // size_s, current + 1, dtype=np.int64)
    start = numbers * size
    return Slots(
        label=[iso(int(instant)) for instant in start],
        start=start,
        end=start + size,
        due=start + size + (schedule.publish_delay_s + schedule.grace_s) * MICROS_PER_SECOND,
        recent=numbers >= current - SHORT_WINDOW * _DAY_S // size_s,
        need=size_s // step_s,
    )


def window_key(schedule: Schedule, slots: Slots, now: datetime) -> str:
    """Names the slots and which of them are due: findings made under one key don't hold under another."""
    due = int(np.searchsorted(slots.due, to_micros(now), "right"))
    last = slots.label[due - 1] if due else "none"
    zone_day = session_of(to_micros(now), schedule.timezone) if schedule.step_s is None else now.astimezone(UTC).date()
    return f"{zone_day.isoformat()}/{last}/{len(slots)}"


def label_of(schedule: Schedule, as_of: int) -> str:
    """How people name an observation: by its session, its month, or its instant among ticks."""
    if schedule.step_s is not None:
        return iso(as_of)
    session = session_of(as_of, schedule.timezone)
    return f"{session:%Y-%m}" if schedule.monthly else session.isoformat()
