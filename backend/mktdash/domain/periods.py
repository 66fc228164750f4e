"""Calendars of sources that publish by the period: a value for each week, month, quarter or year.

A period's value is dated by one day: a weekday for weeks (``WEEKLY-FRI``), the first day for the others. It belongs to
the whole period all the same: a source may date it by the last day instead, or a day earlier where that is a holiday.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

MONTHLY = "MONTHLY"
QUARTERLY = "QUARTERLY"
ANNUAL = "ANNUAL"
# No value is due on a day of its own; see mktdash.quality.expected.irregular_pace.
IRREGULAR = "IRREGULAR"
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DAY = timedelta(days=1)
_WEEKLY = re.compile(f"WEEKLY-({'|'.join(WEEKDAYS)})")


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time that has one value.

    Attributes:
        days: its usual length; at least as long as any.
        delay: how long after its end the value is published where the dataset does not say: longer than most take, so
            that nobody is alarmed too early.
        first: of a date, the first day of the period that it is the label of.
        end: of a label, the first day after the period.
        over: of a label, the first day on which its value can be known: of a week the day after the one that labels it.
        label: of a date, the label of the period that it is in.
        name: of a label, what people call the period.
    """

    days: int
    delay: timedelta
    first: Callable[[date], date]
    end: Callable[[date], date]
    over: Callable[[date], date]
    label: Callable[[date], date]
    name: Callable[[date], str]

    def labels(self, first: date, last: date) -> list[date]:
        """The labels from ``first`` to ``last``, both included, ascending."""
        found = []
        label = self.label(first)
        while label <= last:
            if label >= first:
                found.append(label)
            label = self.label(self.end(label) + _AFTER)
        return found


# A few days into a period lie within it whatever day labels it.
_AFTER = timedelta(days=3)


def weekly(weekday: int) -> str:
    """The calendar of weeks whose values are dated by a weekday (0 is Monday)."""
    return f"WEEKLY-{WEEKDAYS[weekday]}"


def period_of(calendar: str) -> Period | None:
    """The period of a calendar; None where it counts sessions."""
    week = _WEEKLY.fullmatch(calendar)
    return _week(WEEKDAYS.index(week[1])) if week else _PERIODS.get(calendar)


def _week(weekday: int) -> Period:
    def label(day: date) -> date:
        # The nearest: a week's value that is dated a day or two off is still that week's.
        return day + timedelta(days=(weekday - day.weekday() + 3) % 7 - 3)

    return Period(
        days=7,
        delay=timedelta(days=7),
        first=lambda labelled: labelled - 3 * _DAY,
        end=lambda labelled: labelled + 4 * _DAY,
        over=lambda labelled: labelled + _DAY,
        label=label,
        name=date.isoformat,
    )


def _months(count: int, days: int, delay: timedelta, name: Callable[[date], str]) -> Period:
    def label(day: date) -> date:
        return date(day.year, (day.month - 1) // count * count + 1, 1)

    def end(labelled: date) -> date:
        month = labelled.year * 12 + labelled.month - 1 + count
        return date(month // 12, month % 12 + 1, 1)

    return Period(days=days, delay=delay, first=label, end=end, over=end, label=label, name=name)


_PERIODS = {
    MONTHLY: _months(1, 31, timedelta(days=45), lambda label: f"{label:%Y-%m}"),
    QUARTERLY: _months(3, 92, timedelta(days=75), lambda label: f"{label.year}-Q{(label.month + 2) // 3}"),
    ANNUAL: _months(12, 366, timedelta(days=180), lambda label: str(label.year)),
}
