"""False alarms: a perfect feed over 2021-2025 on each calendar, judged every hour; any alarm here is a false one."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np

from mktdash.quality.base import Status
from mktdash.quality.checks.completeness import LONG, SHORT
from mktdash.quality.checks.drift import Shape, bound_of, distances
from mktdash.quality.checks.freshness import Freshness
from mktdash.quality.points import returns
from ops.bench.quality_feed import CALENDARS, STUDY_FIRST, STUDY_LAST, Feed, perfect_feed
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
    shape = Shape()
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
    return figures


def _complete(counts: Counter[str]) -> int:
    return counts["completeness"] + counts["completeness30"]
