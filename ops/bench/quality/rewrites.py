"""Faults that a look at single new values does not see: rewritten pasts, copied columns, lost hours, an empty cell."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np

from mktdash.domain.clock import MICROS_PER_SECOND
from mktdash.domain.observation import Columns
from mktdash.domain.schedule import sessions_between
from ops.bench.quality.feed import CALENDARS, Feed, series_row

_FIELDS = ("value", "open", "high", "low")
_LAST = 20
_RAISED = 400
_HOUR = 3600 * MICROS_PER_SECOND
_HOURS = 7


def _any(feed: Feed, rng: np.random.Generator) -> int:
    return int(rng.integers(1, len(feed.columns) + 1))


def _rewritten(feed: Feed, place: int, key: int, change: Callable[[np.ndarray], np.ndarray]) -> Feed:
    """A batch with the session at a place gives all older prices of a series anew."""
    columns, changed = feed.columns[key], {}
    for name in _FIELDS:
        column = getattr(columns, name)
        if column is not None:
            changed[name] = np.concatenate([change(column[:place]), column[place:]])
    return replace(feed, columns={**feed.columns, key: replace(columns, **changed)}, before=feed, told=place)


def halved_past(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """All that was known of a series is given again at half of it."""
    return _rewritten(feed, place, _any(feed, rng), lambda old: np.round(old * 0.5, 6))


def raised_past(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """400 old values of a series are given again a tenth higher."""
    first = int(rng.integers(0, place - _RAISED))

    def raise_some(old: np.ndarray) -> np.ndarray:
        new = old.copy()
        new[first : first + _RAISED] = np.round(old[first : first + _RAISED] * 1.1, 6)
        return new

    return _rewritten(feed, place, _any(feed, rng), raise_some)


def swapped_series(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """All that was known of two series is given again, each in the other's column."""
    one, other = (int(key) for key in rng.choice(sorted(feed.columns), 2, replace=False))
    changed = dict(feed.columns)
    for key, source in ((one, other), (other, one)):
        theirs = feed.columns[source]
        fields = {
            name: np.concatenate([getattr(theirs, name)[:place], getattr(feed.columns[key], name)[place:]])
            for name in _FIELDS
            if getattr(theirs, name) is not None
        }
        changed[key] = replace(feed.columns[key], **fields)
    return replace(feed, columns=changed, before=feed, told=place)


def reversed_anew(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """The last 20 sessions of a series, values alone, are given again in reverse order."""
    key = _any(feed, rng)
    value = feed.columns[key].value.copy()
    value[place - _LAST : place] = value[place - _LAST : place][::-1]
    return replace(
        feed, columns={**feed.columns, key: replace(feed.columns[key], value=value)}, before=feed, told=place
    )


def reversed_bars(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """The last 20 bars of a series come in reverse order, and nothing was known of them before."""
    key = _any(feed, rng)
    changed = {}
    for name in (*_FIELDS, "volume"):
        column = getattr(feed.columns[key], name)
        if column is not None:
            changed[name] = column.copy()
            changed[name][place - _LAST + 1 : place + 1] = column[place - _LAST + 1 : place + 1][::-1]
    return replace(feed, columns={**feed.columns, key: replace(feed.columns[key], **changed)})


def equal_series(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """The last 30 sessions of one series stand in another's column too."""
    one, other = (int(key) for key in rng.choice(sorted(feed.columns), 2, replace=False))
    changed = {}
    for name in (*_FIELDS, "volume"):
        column, theirs = getattr(feed.columns[one], name), getattr(feed.columns[other], name)
        if column is not None:
            changed[name] = column.copy()
            changed[name][place - 30 :] = theirs[place - 30 :]
    return replace(feed, columns={**feed.columns, one: replace(feed.columns[one], **changed)})


def half_pace(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """Of the last 20 values of a series every second one is the one before it."""
    key = _any(feed, rng)
    changed = {}
    for name in (*_FIELDS, "volume"):
        column = getattr(feed.columns[key], name)
        if column is not None:
            changed[name] = column.copy()
            changed[name][place - _LAST + 2 : place + 1 : 2] = column[place - _LAST + 1 : place : 2]
    return replace(feed, columns={**feed.columns, key: replace(feed.columns[key], **changed)})


def empty_cell(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """The source has an empty cell where one series should have its value."""
    key = _any(feed, rng)
    return replace(feed, missing={key: frozenset({place})}, empty={key: frozenset({place})})


def lost_hours(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """Of an hourly series three hours of a session are missing."""
    key = _any(feed, rng)
    session = place - place % _HOURS
    first = session + int(rng.integers(0, _HOURS - 2))
    return replace(feed, missing={key: frozenset(range(first, first + 3))})


def hourly_feed(seed: int) -> Feed:
    """Five hourly series on the sessions of TARGET, seven hours a day."""
    spec, rng = CALENDARS[0], np.random.default_rng(seed)
    found = sessions_between(spec, date(2023, 1, 2), date(2023, 12, 29))
    as_of = (found.start[:, None] + (9 + np.arange(_HOURS))[None, :] * _HOUR).ravel()
    columns = {
        key: Columns(
            as_of,
            np.round(50 * np.exp(np.cumsum(rng.standard_t(4, len(as_of)) * 0.003)), 4),
            np.zeros(len(as_of), np.int64),
            as_of + 60 * MICROS_PER_SECOND,
        )
        for key in range(1, 6)
    }
    rows = [series_row(key, f"H{key}", spec.key)._replace(interval="1h") for key in columns]
    return Feed(spec, rows, as_of + 60 * MICROS_PER_SECOND, columns)


REWRITES = {
    "past halved": halved_past,
    "400 old values +10%": raised_past,
    "two series swapped": swapped_series,
    "last 20 days reversed, given again": reversed_anew,
    "last 20 bars reversed": reversed_bars,
    "equal series": equal_series,
    "every second value repeated": half_pace,
    "one empty cell": empty_cell,
    "three hours missing": lost_hours,
}
HOURLY = frozenset({"three hours missing"})
