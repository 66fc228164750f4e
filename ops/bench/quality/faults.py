"""Faults: each injected a hundred times into a perfect feed; the share caught, by which checks, how much later."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from mktdash.domain.observation import Columns
from mktdash.quality.base import Status
from mktdash.quality.checks.consistency.revisions import REVISIONS
from mktdash.quality.registry import DATASET_CHECKS, SERIES_CHECKS
from ops.bench.quality.feed import CALENDARS, Feed, perfect_feed
from ops.bench.quality.rewrites import HOURLY, REWRITES, hourly_feed
from ops.bench.table import Figure

TITLE = "Faults injected into a feed of five daily bar series on TARGET"

TIMES = 100
# So many sessions after the fault it must have been noticed to count.
PATIENCE = 12
_HOUR = 3600 * 10**6

Fault = Callable[[Feed, int, np.random.Generator], Feed]


@dataclass(frozen=True)
class Outcome:
    """What became of the injections of one fault: delays in sessions of those caught, and what caught them first."""

    injected: int
    delays: list[int]
    caught_by: Counter[str]

    @property
    def share(self) -> float:
        """Caught, of those injected."""
        return len(self.delays) / self.injected


def _with(feed: Feed, key: int, **changes: np.ndarray) -> Feed:
    return replace(feed, columns={**feed.columns, key: replace(feed.columns[key], **changes)})


def _scaled(feed: Feed, key: int, places: slice, factor: float) -> Feed:
    changed = {}
    for name in ("value", "open", "high", "low"):
        column = getattr(feed.columns[key], name)
        if column is not None:
            changed[name] = column.copy()
            changed[name][places] = np.round(column[places] * factor, 6)
    return _with(feed, key, **changed)


def stale_feed(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """Nothing arrives any more."""
    del rng
    return replace(feed, ends=place)


def missing_day(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """One session of one series never arrives."""
    return replace(feed, missing={_any(feed, rng): frozenset({place})})


def times_hundred(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """One observation is a hundred times too large."""
    return _scaled(feed, _any(feed, rng), slice(place, place + 1), 100)


def halved(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """One observation is half of what it should be."""
    return _scaled(feed, _any(feed, rng), slice(place, place + 1), 0.5)


def unit_change(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """From one session on a series is quoted in hundredths."""
    return _scaled(feed, _any(feed, rng), slice(place, None), 100)


def swapped_columns(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """From one session on high and low stand in each other's column."""
    key = _any(feed, rng)
    columns = feed.columns[key]
    if columns.high is None or columns.low is None:
        raise ValueError("columns are swapped in bars only")
    high, low = columns.high.copy(), columns.low.copy()
    high[place:], low[place:] = columns.low[place:], columns.high[place:]
    return _with(feed, key, high=high, low=low)


def frozen_price(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """From one session on a series says its last price again and again, without movement."""
    key = _any(feed, rng)
    columns = feed.columns[key]
    changed = {}
    for name in ("value", "open", "high", "low"):
        column = getattr(columns, name)
        if column is not None:
            changed[name] = column.copy()
            changed[name][place:] = columns.value[place - 1]
    return _with(feed, key, **changed)


def duplicated_day(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """One session of all series is the session before it."""
    del rng
    columns = {}
    for key, found in feed.columns.items():
        changed = {}
        for name in ("value", "open", "high", "low", "volume"):
            column = getattr(found, name)
            if column is not None:
                changed[name] = column.copy()
                changed[name][place] = column[place - 1]
        columns[key] = replace(found, **changed)
    return replace(feed, columns=columns)


def shifted_timezone(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """From one session on times are taken for those of another zone."""
    hours = int(rng.choice([-6, -5, -1, 1, 5, 6]))
    columns = {}
    for key, found in feed.columns.items():
        as_of = found.as_of.copy()
        as_of[place:] += hours * _HOUR
        columns[key] = Columns(
            as_of, found.value, found.flags, found.known_at, found.open, found.high, found.low, found.volume
        )
    return replace(feed, columns=columns)


FAULTS: dict[str, Fault] = {
    "stale feed": stale_feed,
    "missing day": missing_day,
    "x100": times_hundred,
    "/2": halved,
    "unit change": unit_change,
    "swapped columns": swapped_columns,
    "frozen price": frozen_price,
    "duplicated day": duplicated_day,
    "shifted timezone": shifted_timezone,
    **REWRITES,
}


def _any(feed: Feed, rng: np.random.Generator) -> int:
    return int(rng.integers(1, len(feed.columns) + 1))


def noticed(feed: Feed, clean: Feed, place: int) -> tuple[int, list[str]] | None:
    """After how many sessions which checks complain of what they don't in the feed without the fault, if any do.

    Fat-tailed walks jump by themselves now and then, so a complaint counts by the series and session it names.
    """
    for later in range(PATIENCE):
        now = clean.due(place + later) + timedelta(minutes=1)
        cried = _complaints(feed, now)
        if cried and (new := cried - _complaints(clean, now)):
            return later, sorted({metric for metric, _ in new})
    return None


def _complaints(feed: Feed, now: datetime) -> set[tuple[str, str]]:
    """Who complains of what: check, series and session, or check and verdict where it names none."""
    context, subjects = feed.look(now)
    changes = feed.changes(now)
    rewritten = None if changes is None else REVISIONS.measure(context, changes)
    results = [check.judge(context) for check in DATASET_CHECKS]
    results += [check.combine(context, check.measure(context, subjects)) for check in SERIES_CHECKS]
    complaints = set()
    if rewritten is not None and rewritten.status is not Status.PASS:
        complaints.add((REVISIONS.spec.metric, rewritten.status.value))
    for result in results:
        if result.status not in (Status.WARN, Status.FAIL):
            continue
        listed = result.evidence.get("series")
        points = [
            f"{one['symbol']} {point['at']}"
            for one in (listed if isinstance(listed, list) else ())
            for point in one.get("points", ())
        ]
        complaints |= {(result.metric, name) for name in points or [result.status.value]}
    return complaints


def inject(name: str, times: int = TIMES, *, bars: bool = True) -> Outcome:
    """Inject one fault at random sessions of 2021-2025 into feeds of their own."""
    delays, caught_by = [], Counter[str]()
    for seed in range(times):
        rng = np.random.default_rng([seed, len(name)])
        if name in HOURLY:
            clean = hourly_feed(seed)
        else:
            clean = perfect_feed(
                CALENDARS[0], date(2018, 1, 2), date(2025, 12, 31), series=5, seed=seed, bars=bars, walk="student"
            )
        place = int(rng.integers(800, len(clean.published) - PATIENCE - 1))
        found = noticed(FAULTS[name](clean, place, rng), clean, place)
        if found is not None:
            delays.append(found[0])
            caught_by.update(found[1])
    return Outcome(times, delays, caught_by)


async def measure() -> list[Figure]:
    """Of each fault the share caught and the median delay."""
    figures = []
    for name in FAULTS:
        outcome = inject(name)
        by = ", ".join(f"{metric} {n}" for metric, n in outcome.caught_by.most_common(3))
        figures += [
            Figure(f"{name}: caught ({by})", 100 * outcome.share, "%", 100),
            Figure("  delay, median", float(np.median(outcome.delays)) if outcome.delays else float("nan"), "sessions"),
            Figure("  delay, longest", float(max(outcome.delays, default=0)), "sessions"),
        ]
    return figures
