"""When a source publishes each session: calendar, fixing time, delay and grace, in the source's own time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from mktdash.domain.calendar import CalendarUnavailableError, closes_early, sessions
from mktdash.domain.clock import EPOCH, MICROS_PER_DAY, MICROS_PER_SECOND, from_micros, to_micros
from mktdash.domain.observation import Int64Array
from mktdash.domain.periods import period_of

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH_ORDINAL = EPOCH.toordinal()
# How far back a last due session is looked for: a long holiday, a monthly source, a yearly one.
_LOOK_BACK_DAYS = (14, 120, 800)


class Scheduled(Protocol):
    """What has a publication schedule: a dataset as declared, or as stored."""

    @property
    def calendar(self) -> str:
        """A name that :func:`mktdash.domain.calendar.sessions` knows."""

    @property
    def timezone(self) -> str:
        """IANA zone of the session dates."""

    @property
    def fixing_time(self) -> str:
        """``HH:MM`` local time at which a session's value holds."""

    @property
    def publish_delay_s(self) -> int:
        """Seconds from the fixing to publication. Of a period: from its end; 0 stands for what most take."""

    @property
    def grace_s(self) -> int:
        """Seconds after that until a session counts as late."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Consecutive sessions of a schedule, with the instants that belong to each.

    Attributes:
        dates: local session dates, ascending.
        start, end: int64 microseconds UTC; an observation is of the session when ``start <= as_of < end``.
        due: int64 microseconds UTC; a session without an observation is late from this instant on.
    """

    dates: list[date]
    start: Int64Array
    end: Int64Array
    due: Int64Array

    def __len__(self) -> int:
        return len(self.dates)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # KeyError: ZoneInfoNotFoundError is one
        raise CalendarUnavailableError(f"{name!r} is not a time zone", timezone=name) from error


@lru_cache(maxsize=64)
def _clock_time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise CalendarUnavailableError(f"{text!r} is not a fixing time such as 14:15", fixing_time=text) from error


def fixing_at(schedule: Scheduled, session: date) -> int:
    """The instant a session's value holds, microseconds UTC.

    A local time that a clock change skips counts by the offset before the change, one that occurs twice the first time.

    Raises:
        CalendarUnavailableError: the schedule's zone or time is not one.
    """
    local = datetime.combine(session, _clock_time(schedule.fixing_time), _zone(schedule.timezone))
    return to_micros(local.astimezone(UTC))


def due_at(schedule: Scheduled, session: date) -> int:
    """The instant from which a session without an observation is late, microseconds UTC.

    Raises:
        CalendarUnavailableError: the schedule's zone or time is not one.
    """
    period = period_of(schedule.calendar)
    if period is not None:
        delay = timedelta(seconds=schedule.publish_delay_s) or period.delay
        over = datetime.combine(period.over(session), time.min, _zone(schedule.timezone))
        return to_micros(over + delay) + schedule.grace_s * MICROS_PER_SECOND
    early = closes_early(schedule.calendar, session)
    fixing = fixing_at(schedule, session)
    if early is not None:
        # On a half day a close is known hours before its usual time.
        closed = datetime.combine(session, early, _zone(schedule.timezone))
        fixing = min(fixing, to_micros(closed.astimezone(UTC)))
    return fixing + (schedule.publish_delay_s + schedule.grace_s) * MICROS_PER_SECOND


def session_of(as_of: int, timezone: str) -> date:
    """The session date of an observation: its local date in the dataset's zone."""
    return from_micros(as_of).astimezone(_zone(timezone)).date()


def session_days(as_of: Int64Array, timezone: str) -> Int64Array:
    """The session dates of many observations, as days since 1970; what :func:`session_of` says of each.

    Raises:
        CalendarUnavailableError: the zone is none.
    """
    if not len(as_of):
        return as_of
    days = as_of // MICROS_PER_DAY
    first = int(days.min()) - 1
    offsets = _noon_offsets(timezone, first, int(days.max()))
    local = (as_of + offsets[days - first]) // MICROS_PER_DAY
    # Around the day on which the clocks change noon does not speak for midnight.
    turning = np.zeros(len(offsets), np.bool_)
    turning[1:] = offsets[1:] != offsets[:-1]
    for at in np.flatnonzero(turning[days - first]).tolist():
        local[at] = session_of(int(as_of[at]), timezone).toordinal() - _EPOCH_ORDINAL
    return local


@lru_cache(maxsize=64)
def _noon_offsets(timezone: str, first: int, last: int) -> Int64Array:
    """The offset from UTC at noon of days since 1970, microseconds."""
    zone = _zone(timezone)
    noons = (EPOCH + timedelta(days=day, hours=12) for day in range(first, last + 1))
    return np.array([(noon.astimezone(zone).utcoffset() or timedelta()) // _MICROSECOND for noon in noons], np.int64)


def end_of(timezone: str, day: date) -> int:
    """The first instant after a local day, microseconds UTC.

    Raises:
        CalendarUnavailableError: the zone is none.
    """
    return to_micros(datetime.combine(day + _DAY, time.min, _zone(timezone)))


def sessions_between(schedule: Scheduled, first: date, last: date) -> Sessions:
    """The sessions from ``first`` to ``last``, both included, with their instants.

    Raises:
        CalendarUnavailableError: the calendar can't answer for the range, or the zone or time is not one.
    """
    zone = _zone(schedule.timezone)
    dates = sessions(schedule.calendar, first, last)
    period = period_of(schedule.calendar)
    starts = dates if period is None else [period.first(day) for day in dates]
    ends = [day + _DAY if period is None else period.end(day) for day in dates]
    return Sessions(
        dates=dates,
        start=_midnights(starts, zone),
        end=_midnights(ends, zone),
        due=np.array([due_at(schedule, day) for day in dates], dtype=np.int64),
    )


def expected_at(schedule: Scheduled, now: datetime) -> date:
    """The last session that is due at ``now``: a dataset without it, or a later one, is late.

    Raises:
        CalendarUnavailableError: the calendar can't answer, or knows no due session within two years.
    """
    today = now.astimezone(_zone(schedule.timezone)).date()
    now_micros = to_micros(now)
    for days in _LOOK_BACK_DAYS:
        for session in reversed(sessions(schedule.calendar, today - timedelta(days=days), today)):
            if due_at(schedule, session) <= now_micros:
                return session
    raise CalendarUnavailableError(
        f"the {schedule.calendar} calendar has no session due by {now.isoformat()}", calendar=schedule.calendar
    )


def _midnights(days: list[date], zone: ZoneInfo) -> Int64Array:
    return np.array([to_micros(datetime.combine(day, time.min, zone)) for day in days], dtype=np.int64)
