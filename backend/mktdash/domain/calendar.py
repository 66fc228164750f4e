"""The session dates of markets. A calendar that can't answer raises; it never guesses.

TARGET and the US bond market follow rules kept here; exchanges come from ``exchange_calendars``, imported on first use
because it brings pandas with it. Dates are the market's own local dates.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

import numpy as np

from mktdash.domain.errors import MktdashError
from mktdash.domain.periods import period_of

EVERY_DAY = "24/7"
_DAY = timedelta(days=1)
_MONDAY, _THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 3, 4, 5, 6

# The rules are published a few years ahead; beyond this horizon they would be a guess.
_HORIZON = date(2040, 12, 31)


class CalendarUnavailableError(MktdashError):
    """A calendar is unknown, ended, or failed: its sessions are unknown."""

    code = "CALENDAR_UNAVAILABLE"


def sessions(calendar: str, first: date, last: date) -> list[date]:
    """The session dates from ``first`` to ``last``, both included, ascending.

    Args:
        calendar: ``TARGET``, ``SIFMA_US``, ``24/7``, a period (``WEEKLY-FRI``, ``MONTHLY``, ``QUARTERLY``, ``ANNUAL``:
            the days that label its values), or the name of an exchange that ``exchange_calendars`` knows (``XNYS``).
        first: the first date asked for.
        last: the last date asked for; before ``first`` gives no sessions.

    Raises:
        CalendarUnavailableError: the calendar is unknown, or does not reach over the whole range.
    """
    if last < first:
        return []
    if calendar == EVERY_DAY:
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]
    period = period_of(calendar)
    if period is not None:
        return period.labels(first, last)
    rules = _RULES.get(calendar)
    if rules is None:
        return _exchange_sessions(calendar, first, last)
    begin, holidays = rules
    _require(calendar, first, last, begin, _HORIZON)
    closed = np.array(
        sorted(day for year in range(first.year, last.year + 1) for day in holidays(year)), dtype="datetime64[D]"
    )
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    return list(days[np.is_busday(days, holidays=closed)].tolist())


def _require(calendar: str, first: date, last: date, begin: date, end: date) -> None:
    if first < begin or last > end:
        raise CalendarUnavailableError(
            f"the {calendar} calendar is known from {begin} to {end} only, not {first} to {last}",
            calendar=calendar,
            known_from=begin.isoformat(),
            known_to=end.isoformat(),
        )


@lru_cache(maxsize=256)
def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap, rest_of_century = divmod(century, 4)
    moon = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    leap_of_rest, rest_of_rest = divmod(rest, 4)
    weekday = (32 + 2 * rest_of_century + 2 * leap_of_rest - moon - rest_of_rest) % 7
    correction = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=256)
def _target_holidays(year: int) -> frozenset[date]:
    closed = {date(year, 1, 1), date(year, 12, 25)}
    # TARGET opened on most national holidays in its first year; the present list is in force since 2000.
    if year >= 2000:  # noqa: PLR2004 - a year or day of the rule itself
        closed |= {easter(year) - 2 * _DAY, easter(year) + _DAY, date(year, 5, 1), date(year, 12, 26)}
    if year in (1999, 2001):
        closed.add(date(year, 12, 31))  # closed for the changeovers to the euro's book money and cash
    return frozenset(closed)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th weekday of a month; n = -1 is the last one."""
    if n > 0:
        start = date(year, month, 1)
        return start + timedelta(days=(weekday - start.weekday()) % 7 + 7 * (n - 1))
    end = date(year + month // 12, month % 12 + 1, 1) - _DAY
    return end - timedelta(days=(end.weekday() - weekday) % 7)


def _observed(day: date, *, saturday: bool = True) -> date:
    """The day a holiday is kept on: Sunday's on Monday, Saturday's on Friday unless it then is not kept at all."""
    if day.weekday() == _SUNDAY:
        return day + _DAY
    if day.weekday() == _SATURDAY and saturday:
        return day - _DAY
    return day


@lru_cache(maxsize=256)
def _sifma_us_holidays(year: int) -> frozenset[date]:
    closed = {
        _observed(date(year, 1, 1), saturday=False),
        _nth(year, 1, _MONDAY, 3),
        _nth(year, 2, _MONDAY, 3),
        _nth(year, 5, _MONDAY, -1),
        _observed(date(year, 7, 4)),
        _nth(year, 9, _MONDAY, 1),
        _nth(year, 10, _MONDAY, 2),
        _observed(date(year, 11, 11), saturday=False),
        _nth(year, 11, _THURSDAY, 4),
        _observed(date(year, 12, 25)),
    }
    good_friday = easter(year) - 2 * _DAY
    # On a month's first Friday the employment report comes out, and the bond market stays open until noon for it.
    if good_friday.day > 7:  # noqa: PLR2004 - a year or day of the rule itself
        closed.add(good_friday)
    if year >= 2022:  # noqa: PLR2004 - a year or day of the rule itself
        closed.add(_observed(date(year, 6, 19)))
    return frozenset(closed | _SIFMA_US_SPECIAL)


# The attacks of 2001, President Reagan's funeral, the storm Sandy.
_SIFMA_US_SPECIAL = frozenset({date(2001, 9, 11), date(2001, 9, 12), date(2004, 6, 11), date(2012, 10, 30)})

_RULES: dict[str, tuple[date, Callable[[int], frozenset[date]]]] = {
    "TARGET": (date(1999, 1, 1), _target_holidays),
    "SIFMA_US": (date(1990, 1, 1), _sifma_us_holidays),
}


def closes_early(calendar: str, session: date) -> time | None:
    """The local time at which an exchange closes on a day on which it closes early; None on any other day.

    Raises:
        CalendarUnavailableError: the exchange is unknown, or its calendar does not reach there.
    """
    if calendar == EVERY_DAY or calendar in _RULES or period_of(calendar) is not None:
        return None
    return _exchange_year(calendar, session.year).early.get(session)


@dataclass(frozen=True, slots=True)
class _Year:
    days: tuple[date, ...]
    early: Mapping[date, time]


@lru_cache(maxsize=64)
def _exchange_year(calendar: str, year: int) -> _Year:
    import exchange_calendars  # noqa: PLC0415  # over a second and 60 MB with pandas; most processes never ask
    from exchange_calendars.errors import CalendarError  # noqa: PLC0415 - slow to load, and few need it

    try:
        with warnings.catch_warnings():
            # It uses what pandas 4 will drop; that is between the two of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            known = exchange_calendars.get_calendar(calendar, start=f"{year}-01-01", end=f"{year}-12-31")
            closes = known.closes[known.early_closes].dt.tz_convert(known.tz)
    except (CalendarError, ValueError) as error:
        raise CalendarUnavailableError(
            f"the {calendar} calendar can't say its sessions of {year}: {error}", calendar=calendar, year=year
        ) from error
    return _Year(tuple(known.sessions.date), {close.date(): close.time() for close in closes})


def _exchange_sessions(calendar: str, first: date, last: date) -> list[date]:
    if last > _HORIZON:
        _require(calendar, first, last, date.min, _HORIZON)
    return [
        day
        for year in range(first.year, last.year + 1)
        for day in _exchange_year(calendar, year).days
        if first <= day <= last
    ]
