"""From a series' columns to the figures a reader compares: closes by session, changes, extremes."""

from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from mktdash.domain.clock import from_micros
from mktdash.domain.flags import flag_names
from mktdash.domain.instrument import Measure
from mktdash.domain.observation import Columns
from mktdash.reports.market_summary.summary import Figures, Points
from mktdash.reports.text import ChangeKind

WEEK = timedelta(days=7)
# A change "over a week" that starts more than another week earlier would say something else.
_OLDEST_WEEK_BASE = 2 * WEEK
LOOK_BACK = timedelta(days=21)
_BASIS_POINTS_PER_PERCENT = 100


def session_dates(columns: Columns, timezone: str) -> tuple[date, ...]:
    """The local date of each observation in the dataset's own zone."""
    zone = ZoneInfo(timezone)
    return tuple(from_micros(int(micros)).astimezone(zone).date() for micros in columns.as_of)


def figures_of(columns: Columns, timezone: str, measure: str, start: date, end: date) -> tuple[Figures, Points]:
    """The figures and points of ``start..end``; columns may reach further back, so that a first change has a base."""
    dates = session_dates(columns, timezone)
    inside = np.array([start <= day <= end for day in dates], np.bool_)
    kind = ChangeKind.BASIS_POINTS if measure == Measure.YIELD else ChangeKind.PERCENT
    within = columns.take(inside)
    days = tuple(day for day in dates if start <= day <= end)
    points = _points(within, days)
    closes = _closes(points)
    figures = Figures(
        kind=kind,
        sessions=tuple(closes),
        closes=tuple(closes.values()),
        observations=len(within),
        flags=_flag_counts(within),
    )
    if not closes:
        return figures, points
    so_far = _closes(_points(columns, dates))
    latest_session = figures.sessions[-1]
    known = [day for day in so_far if day <= latest_session]
    latest = figures.closes[-1]
    base_1d = so_far[known[-2]] if len(known) > 1 else None
    base_1w = _base_a_week_ago(so_far, known, latest_session)
    base_period = figures.closes[0] if len(figures.closes) > 1 else None
    high_at, high = _extreme(within, days, highest=True)
    low_at, low = _extreme(within, days, highest=False)
    return (
        replace(
            figures,
            latest=latest,
            latest_as_of=int(within.as_of[-1]),
            latest_session=latest_session,
            change_1d=change(kind, base_1d, latest),
            change_1w=change(kind, base_1w, latest),
            change_period=change(kind, base_period, latest),
            high=high,
            high_session=high_at,
            low=low,
            low_session=low_at,
        ),
        points,
    )


def change(kind: ChangeKind, base: float | None, now: float) -> float | None:
    """From one value to another: percent of the base, or basis points; None where a percentage has no meaning."""
    if base is None:
        return None
    if kind is ChangeKind.BASIS_POINTS:
        return (now - base) * _BASIS_POINTS_PER_PERCENT
    return None if base <= 0 else (now / base - 1) * 100


def _points(columns: Columns, days: tuple[date, ...]) -> Points:
    known = columns.as_of if columns.known_at is None else columns.known_at
    return Points(
        as_of=tuple(columns.as_of.tolist()),
        sessions=days,
        value=tuple(columns.value.tolist()),
        flags=tuple(columns.flags.tolist()),
        known_at=tuple(known.tolist()),
    )


def _closes(points: Points) -> dict[date, float]:
    # Ascending in time, so the last value of a date stays.
    return dict(zip(points.sessions, points.value, strict=True))


def _base_a_week_ago(closes: dict[date, float], known: list[date], latest: date) -> float | None:
    at = bisect_right(known, latest - WEEK)
    if at == 0 or known[at - 1] < latest - _OLDEST_WEEK_BASE:
        return None
    return closes[known[at - 1]]


def _extreme(columns: Columns, days: tuple[date, ...], *, highest: bool) -> tuple[date, float]:
    bar = columns.high if highest else columns.low
    values = columns.value if bar is None else np.where(np.isnan(bar), columns.value, bar)
    at = int(values.argmax() if highest else values.argmin())
    return days[at], float(values[at])


def _flag_counts(columns: Columns) -> tuple[tuple[str, int], ...]:
    masks, counts = np.unique(columns.flags, return_counts=True)
    total: Counter[str] = Counter()
    for mask, count in zip(masks.tolist(), counts.tolist(), strict=True):
        for name in flag_names(mask):
            total[name] += count
    return tuple(sorted(total.items()))
