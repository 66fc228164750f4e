"""The checks on real rates: the ECB's history every four weeks since 2012, and what would have been said of it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from mktdash.domain.clock import MICROS_PER_DAY, system_clock, to_micros
from mktdash.domain.observation import Columns
from mktdash.providers.base import Parsed
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.quality.base import CheckContext, Status
from mktdash.quality.checks.consistency.copies import Copies
from mktdash.quality.checks.consistency.history import HISTORY
from mktdash.quality.checks.values.drift import DRIFT
from mktdash.quality.expected.expected_sessions import slots_before
from mktdash.quality.registry import SERIES_CHECKS
from ops.bench.quality.feed import CALENDARS, Feed, series_row
from ops.bench.table import Figure

TITLE = "The checks on the ECB's real rates every four weeks, 2012-2026: share of series in trouble"

FIRST, LAST = datetime(2012, 1, 31, 20, tzinfo=UTC), datetime(2026, 10, 30, 20, tzinfo=UTC)
_QUOTED_WITHIN = 10 * MICROS_PER_DAY
_METRICS = ("drift", "jumps", "flat", "duplicates", "clock", "repeats", "nulls")


def history() -> dict[str, Columns]:
    """Every currency's rates, each known when it was fixed."""
    found: dict[str, list[Columns]] = {}
    for piece in EcbProvider().parse(recorded_history(system_clock)):
        for one in piece.series:
            found.setdefault(one.alias, []).append(one.columns)
    whole = {}
    for alias, parts in found.items():
        joined = Columns.concat(parts)
        joined = joined.take(np.argsort(joined.as_of))
        if len(joined):
            whole[alias] = replace(joined, known_at=joined.as_of.copy())
    return whole


def feeds(whole: dict[str, Columns]) -> Iterator[tuple[datetime, Feed]]:
    """The currencies quoted at each time, with their rates until then."""
    now = FIRST
    while now < LAST:
        until = to_micros(now)
        series, columns = [], {}
        for key, (alias, found) in enumerate(sorted(whole.items()), 1):
            known = found.take(found.as_of <= until)
            if len(known) and int(known.as_of[-1]) > until - _QUOTED_WITHIN:
                columns[key] = known
                series.append(series_row(key, alias, CALENDARS[0].key))
        longest = max(columns.values(), key=len)
        yield now, Feed(CALENDARS[0], series, longest.as_of, columns)
        now += timedelta(days=28)


def absences(recorded: Iterable[Parsed]) -> dict[str, np.ndarray]:
    """By currency, the days for which the ECB says itself that it has no rate."""
    found: dict[str, list[np.ndarray]] = {}
    for piece in recorded:
        for one in piece.series:
            if one.absent is not None:
                found.setdefault(one.alias, []).append(one.absent)
    return {alias: np.sort(np.concatenate(parts)) for alias, parts in found.items()}


def with_absences(context: CheckContext, absent: dict[str, np.ndarray]) -> CheckContext:
    """The context with what the store would say of empty cells, lately and in the year before."""
    if context.schedule is None or context.slots is None:
        return context
    year = slots_before(context.schedule, context.now)
    lately, seldom = {}, set()
    for one in context.series:
        days = absent.get(one.symbol, np.empty(0, np.int64))
        if len(new := days[(days >= context.slots.start[0]) & (days <= context.window_end)]):
            lately[one.id] = [(int(day), int(day)) for day in new]
            if not ((days >= year.start[0]) & (days < year.end[-1])).any():
                seldom.add(one.id)
    return replace(context, absences=lately, rarely_empty=frozenset(seldom))


async def measure() -> list[Figure]:
    """Per check the share of series-months that are not PASS; of drift also the months that alarm as a whole."""
    looked, troubled, months, alarmed = 0, Counter[str](), 0, list[date]()
    whole, absent = history(), absences(EcbProvider().parse(recorded_history(system_clock)))
    for now, feed in feeds(whole):
        context, subjects = feed.look(now)
        context = with_absences(context, absent)
        troubled["copies"] += Copies().judge(context).status is not Status.PASS
        looked, months = looked + len(subjects), months + 1
        for check in SERIES_CHECKS:
            if check.spec.metric not in _METRICS:
                continue
            findings = check.measure(context, subjects)
            troubled[check.spec.metric] += sum(found.status is not Status.PASS for found in findings.values())
            if check is DRIFT and check.combine(context, findings).status is not Status.PASS:
                alarmed.append(now.date())
    figures = [
        Figure(
            f"{name}, of {looked:,} series-months",
            100 * troubled[name] / looked,
            "%",
            4 if name == "drift" else None,
            "less",
        )
        for name in _METRICS
    ]
    odd = [subject for subject in subjects if HISTORY.measure(context, subject).status is not Status.PASS]
    figures += [
        Figure(f"copies of the dataset, of {months} months", troubled["copies"], "months", 0, "less"),
        Figure(f"whole histories with something odd, of {len(subjects)}", len(odd), "series", 0, "less"),
    ]
    named = ", ".join(day.isoformat()[:7] for day in alarmed)
    return [*figures, Figure(f"drift of the dataset, of {months} months ({named})", len(alarmed), "months")]
