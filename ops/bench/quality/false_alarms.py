"""False alarms: a perfect feed over 2021-2025 on each calendar, judged every hour; any alarm here is a false one."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from mktdash.quality.base import SeriesCheck, Status
from mktdash.quality.checks.arrival.completeness import LONG, SHORT
from mktdash.quality.checks.arrival.freshness import Freshness
from mktdash.quality.checks.arrival.hours import HOURS
from mktdash.quality.checks.arrival.nulls import NULLS
from mktdash.quality.checks.consistency.copies import Copies
from mktdash.quality.checks.consistency.history import HISTORY
from mktdash.quality.checks.consistency.order import ORDER
from mktdash.quality.checks.consistency.repeats import REPEATS
from mktdash.quality.checks.consistency.revisions import REVISIONS
from mktdash.quality.checks.values.drift import DriftWindows, bound_of, distances
from mktdash.quality.points import returns
from ops.bench.quality.feed import CALENDARS, STUDY_FIRST, STUDY_LAST, Feed, perfect_feed
from ops.bench.quality.rewrites import hourly_feed
from ops.bench.table import Figure

TITLE = "False alarms on a perfect feed, 2021-2025, hourly"

WALKS = ("normal", "student", "clustered")


def hours(first: datetime, last: datetime, step: int = 1) -> Iterator[datetime]:
    """Every full hour from ``first`` until before ``last``."""
    now = first
    while now < last:
        yield now
        now += timedelta(hours=step)


def alarms(feed: Feed, first: datetime, last: datetime, step: int = 1) -> Counter[str]:
    """How many verdicts were given, and how many of them by each check were not PASS."""
    counts: Counter[str] = Counter()
    for now in hours(first, last, step):
        context, subjects = feed.look(now)
        counts["verdicts"] += 1
        results = [Freshness().judge(context)]
        results += [check.combine(context, check.measure(context, subjects)) for check in (SHORT, LONG)]
        for result in results:
            counts[result.metric] += result.status is not Status.PASS
        # The rules that this one replaces, for comparison.
        newest = max(row.as_of for row in context.latest.values())
        counts["older than 24 h"] += context.window_end - newest > 24 * 3600 * 10**6
    return counts


def drift_alarms(feed: Feed, first: datetime) -> tuple[int, int]:
    """Series-windows judged since ``first``, and those that warned; a window ends at every fifth session."""
    judged = warned = 0
    shape = DriftWindows()
    needed = shape.reference + (shape.windows + 1) * shape.window
    begin = int(np.searchsorted(feed.published, int(first.timestamp()) * 10**6))
    _, subjects = feed.look(STUDY_LAST)
    for subject in subjects:
        steps = returns(subject)
        for end in range(begin, len(steps), 5):
            found = distances(steps[max(0, end - needed) : end], shape)
            judged += 1
            warned += bool(found[-1] > bound_of(found[:-1]))
    return judged, warned


def weekly_alarms(feed: Feed, first: datetime, last: datetime, checks: Sequence[SeriesCheck]) -> Counter[str]:
    """Verdicts given every week, and those of equal series and of some checks that were not PASS."""
    counts: Counter[str] = Counter()
    for now in hours(first, last, 24 * 7):
        context, subjects = feed.look(now)
        counts["verdicts"] += 1
        results = [Copies().judge(context)]
        results += [check.combine(context, check.measure(context, subjects)) for check in checks]
        for result in results:
            counts[result.metric] += result.status in {Status.WARN, Status.FAIL}
    return counts


def corrected(feed: Feed, place: int, rng: np.random.Generator) -> Feed:
    """A batch that corrects three old values by a hundredth and the newest five: as ordinary as corrections are."""
    key = int(rng.integers(1, len(feed.columns) + 1))
    value = feed.columns[key].value.copy()
    places = [*rng.integers(0, place - 10, 3).tolist(), *range(place - 5, place)]
    value[places] = np.round(value[places] * (1 + rng.normal(0, 0.01, len(places))), 6)
    changed = replace(feed.columns[key], value=value, open=None, high=None, low=None)
    plain = {one: replace(found, open=None, high=None, low=None) for one, found in feed.columns.items()}
    return replace(feed, columns={**plain, key: changed}, before=replace(feed, columns=plain), told=place)


def quiet_checks() -> list[Figure]:
    """Alarms of the checks of copies, order, repeats, hours, revisions and whole histories on perfect feeds."""
    weekly: Counter[str] = Counter()
    histories: Counter[str] = Counter()
    revisions: Counter[str] = Counter()
    for seed, walk in enumerate(WALKS * 10):
        feed = perfect_feed(
            CALENDARS[seed % len(CALENDARS)],
            date(2018, 1, 2),
            date(2025, 12, 31),
            series=5,
            seed=seed,
            bars=True,
            walk=walk,
        )
        year = timedelta(days=365)
        weekly += weekly_alarms(feed, STUDY_LAST - year, STUDY_LAST, (REPEATS, ORDER, NULLS))
        begun = datetime(2023, 3, 1, tzinfo=UTC)
        weekly += weekly_alarms(hourly_feed(seed), begun, datetime(2023, 12, 29, tzinfo=UTC), (HOURS,))
        context, subjects = feed.look(STUDY_LAST)
        rng = np.random.default_rng(seed)
        for subject in subjects:
            histories[HISTORY.measure(context, subject).status.value] += 1
        for place in rng.integers(1000, 1500, 10).tolist():
            batch = corrected(feed, place, rng).changes(STUDY_LAST)
            if batch is not None:
                revisions[REVISIONS.measure(context, batch).status.value] += 1
    counted = [(f"{name}, of {weekly['verdicts']:,} weekly verdicts", weekly[name]) for name in _WEEKLY]
    counted += [
        (f"history, of {histories.total():,} clean histories", histories.total() - histories["PASS"]),
        (f"revisions, of {revisions.total():,} ordinary corrections", revisions.total() - revisions["PASS"]),
    ]
    return [Figure(f"{what}: alarms", n, "", 0, "less") for what, n in counted]


_WEEKLY = ("copies", "repeats", "order", "nulls", "hours")


async def measure() -> list[Figure]:
    """Alarms by calendar, and the share of series-windows that drift by chance alone."""
    figures = []
    for spec in CALENDARS:
        started = time.perf_counter()
        feed = perfect_feed(spec, date(2020, 6, 1), date(2026, 1, 5), series=2, seed=7)
        counts = alarms(feed, STUDY_FIRST, STUDY_LAST)
        name = f"{spec.calendar}: {counts['verdicts']:,} verdicts"
        figures += [
            Figure(f"{name}, freshness alarms", counts["freshness"], "", 0, "less"),
            Figure(f"{spec.calendar}: completeness alarms, 7 and 30 days", _complete(counts), "", 0, "less"),
            Figure("  'older than 24 h' would have cried", 100 * counts["older than 24 h"] / counts["verdicts"], "%"),
            Figure("  time", time.perf_counter() - started, "s"),
        ]
    for walk in WALKS:
        judged = warned = 0
        for seed, spec in enumerate(CALENDARS):
            feed = perfect_feed(spec, date(2016, 6, 1), date(2025, 12, 31), series=25, seed=seed, walk=walk)
            more, cried = drift_alarms(feed, STUDY_FIRST)
            judged, warned = judged + more, warned + cried
        bound = 4 if walk == "normal" else None
        what = f"drift WARN, {walk} returns, {judged:,} series-windows"
        figures.append(Figure(what, 100 * warned / judged, "%", bound, "less"))
    return figures + quiet_checks()


def _complete(counts: Counter[str]) -> int:
    return counts["completeness"] + counts["completeness30"]
