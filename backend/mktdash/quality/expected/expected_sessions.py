"""The slots that a dataset should fill in the last weeks: one for each session, or for each hour or day of ticks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mktdash.domain.calendar import EVERY_DAY, CalendarUnavailableError
from mktdash.domain.clock import MICROS_PER_SECOND, iso, to_micros
from mktdash.domain.interval import interval_seconds
from mktdash.domain.observation import Int64Array
from mktdash.domain.periods import ANNUAL, IRREGULAR, MONTHLY, QUARTERLY, Period, period_of, weekly
from mktdash.domain.schedule import session_of, sessions_between
from mktdash.store.catalogue.datasets import DatasetRow
from mktdash.store.quality.check_inputs import Member

LONG_WINDOW = 30
SHORT_WINDOW = 7
_DAY_S = 86_400
_HOUR_S = 3600
_WINDOWS_A_YEAR = 12
# Of quarters and years as far back as of months; what is before says nothing of habits.
_LONGEST = 31
_WEEK_S = 7 * _DAY_S
# Weeks whose weekday is still to be found.
_WEEKLY = "WEEKLY"
_FRIDAY = 4
# As the names of intervals count them: 1M, 3M, 1y and 12M.
_PERIODS_S = {30 * _DAY_S: MONTHLY, 90 * _DAY_S: QUARTERLY, 365 * _DAY_S: ANNUAL, 360 * _DAY_S: ANNUAL}


@dataclass(frozen=True, slots=True)
class Schedule:
    """A dataset's schedule by the interval of its series: by periods for long ones, by seconds for ticks.

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
    def period(self) -> Period | None:
        """The week, month, quarter or year that has one observation; None where sessions or ticks count."""
        return period_of(self.calendar)


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
    return finest_of(one.interval for one in series)


def finest_of(intervals: Iterable[str]) -> int:
    """The shortest of some intervals, in seconds; a day where there are none."""
    return min((interval_seconds(interval) for interval in set(intervals)), default=_DAY_S)


def schedule_of(dataset: DatasetRow, intervals: Iterable[str], newest: int | None = None) -> Schedule:
    """The schedule that fits the finest of a dataset's intervals.

    ``newest`` is its newest observation: weeks without a weekday of their own are counted by that one's.

    Raises:
        CalendarUnavailableError: the dataset has no calendar, or nothing of it is due on a day of its own.
    """
    if not dataset.calendar:
        raise CalendarUnavailableError(f"{dataset.key} has no schedule", dataset=dataset.key)
    declared = Schedule(
        dataset.calendar, dataset.timezone, dataset.fixing_time, dataset.publish_delay_s, dataset.grace_s
    )
    finest = finest_of(intervals)
    calendar = _calendar_of(declared, finest, newest)
    if calendar == IRREGULAR:
        raise CalendarUnavailableError(f"{dataset.key} is irregular", dataset=dataset.key)
    if calendar != declared.calendar:
        # The delay of a session is not that of a period; a delay of weeks was meant for one.
        delay = declared.publish_delay_s if declared.publish_delay_s > _WEEK_S else 0
        return replace(declared, calendar=calendar, publish_delay_s=delay)
    return replace(declared, step_s=finest) if finest < _DAY_S and calendar == EVERY_DAY else declared


def is_irregular(dataset: DatasetRow, series: Iterable[Member]) -> bool:
    """Whether a dataset has no calendar: it declares so, or its interval fits none."""
    return bool(dataset.calendar) and _interval_calendar(dataset.calendar, finest_step(series)) == IRREGULAR


def _calendar_of(declared: Schedule, finest: int, newest: int | None) -> str:
    calendar = _interval_calendar(declared.calendar, finest)
    if calendar != _WEEKLY:
        return calendar
    day = session_of(newest, declared.timezone).weekday() if newest is not None else _FRIDAY
    return weekly(day)


def _interval_calendar(declared: str, finest: int) -> str:
    if declared == IRREGULAR and finest <= _DAY_S:
        return IRREGULAR
    if finest <= _DAY_S or period_of(declared) is not None:
        return declared
    return _WEEKLY if finest == _WEEK_S else _PERIODS_S.get(finest, IRREGULAR)


def slots_of(schedule: Schedule, now: datetime) -> Slots:
    """The slots of the long window up to ``now``, those not due yet included.

    Raises:
        CalendarUnavailableError: the calendar can't answer for these weeks.
    """
    if schedule.step_s is not None:
        return _tick_slots(schedule, schedule.step_s, to_micros(now))
    today = session_of(to_micros(now), schedule.timezone)
    # A monthly source is looked at over as many months as a daily one over days.
    scale = 1 if schedule.period is None else schedule.period.days
    return _session_slots(schedule, today.toordinal(), scale)


def slots_before(schedule: Schedule, now: datetime) -> Slots:
    """The sessions of the year before the long window.

    Raises:
        CalendarUnavailableError: the calendar can't answer for it.
    """
    scale = 1 if schedule.period is None else schedule.period.days
    begin = session_of(to_micros(now), schedule.timezone) - timedelta(days=LONG_WINDOW * scale)
    return _session_slots(schedule, begin.toordinal(), _WINDOWS_A_YEAR * min(scale, _LONGEST))


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
    """A key of the slots and which of them are due: stored findings are valid under the same key only."""
    due = int(np.searchsorted(slots.due, to_micros(now), "right"))
    last = slots.label[due - 1] if due else "none"
    zone_day = session_of(to_micros(now), schedule.timezone) if schedule.step_s is None else now.astimezone(UTC).date()
    return f"{zone_day.isoformat()}/{last}/{len(slots)}"


def label_of(schedule: Schedule, as_of: int) -> str:
    """How people name an observation: by its session, its period, or its instant among ticks."""
    if schedule.step_s is not None:
        return iso(as_of)
    session = session_of(as_of, schedule.timezone)
    period = schedule.period
    return session.isoformat() if period is None else period.name(period.label(session))
