"""History: anomalies in the full history of a series, each with its date."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mktdash.domain.calendar import EVERY_DAY
from mktdash.domain.clock import iso
from mktdash.domain.interval import interval_seconds
from mktdash.domain.observation import Int64Array
from mktdash.domain.schedule import session_days
from mktdash.quality.base import (
    CheckContext,
    CheckResult,
    CheckSpec,
    Finding,
    Status,
    Subject,
    nothing_to_judge,
    worst,
)
from mktdash.quality.checks.values.bars import impossible
from mktdash.quality.history.anomalies import (
    copied_bars,
    duplicate_sessions,
    new_levels,
    repeated_pairs,
    reversed_bars,
    scaled_steps,
    spikes,
    weekends,
)
from mktdash.quality.points import name_point

# A few bad rows are worth a look; one in a hundred, and no number of the series is to be relied on.
SPEC = CheckSpec("history", "History", "share of a series", warn=0.0, fail=0.01)

_SHOWN = 20
_SHOWN_KINDS = 3
_SHOWN_SERIES = 50
_DAY_S = 86_400
WORDS = {
    "level": ("level shift, as by another unit", "level shifts, as by another unit"),
    "spike": ("value far from both its neighbours", "values far from both their neighbours"),
    "bar": ("impossible bar", "impossible bars"),
    "copy": ("copied bar", "copied bars"),
    "twice": ("duplicate session", "duplicate sessions"),
    "weekend": ("weekend row", "weekend rows"),
    "order": ("bar in reverse order", "bars in reverse order"),
    "paired": ("value repeated at every second place", "values repeated at every second place"),
}


@dataclass(frozen=True, slots=True)
class History:
    """Finds impossible and copied bars, duplicate sessions, weekend rows, spikes and level shifts."""

    spec: CheckSpec = SPEC

    def measure(self, context: CheckContext, subject: Subject) -> Finding:
        """The anomalies of one series with their dates; the value is their share of its observations."""
        n = len(subject.columns)
        if not n:
            return Finding(Status.PASS)
        found = {kind: places for kind, places in _look(context, subject) if len(places)}
        if not found:
            return Finding(Status.PASS, 0.0)
        anomalies = len(np.unique(np.concatenate(list(found.values()))))
        points = [
            {
                "at": name_point(context, subject, int(at)),
                "what": WORDS[kind][0],
                "value": float(subject.columns.value[at]),
            }
            for kind, places in found.items()
            for at in places[-_SHOWN:].tolist()
        ]
        detail = {
            "observations": n,
            "anomalies": anomalies,
            "first": iso(int(subject.columns.as_of[0])),
            "last": iso(int(subject.columns.as_of[-1])),
            "counts": {kind: len(places) for kind, places in found.items()},
            "points": sorted(points, key=lambda point: str(point["at"]))[-_SHOWN:],
        }
        return _graded(detail)

    def merge(self, earlier: Finding, later: Finding, observations: int) -> Finding:
        """The anomalies of both parts, as a share of all observations."""
        parts = [one.detail for one in (earlier, later) if one.detail]
        if not parts:
            return later
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(part["counts"])
        detail = {
            "observations": observations,
            "anomalies": sum(part["anomalies"] for part in parts),
            "first": parts[0]["first"],
            "last": parts[-1]["last"],
            "counts": dict(counts),
            "points": [point for part in parts for point in part["points"]][-_SHOWN:],
        }
        return _graded(detail)

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The verdict of the worst series, and how many others are flagged; evidence has the dates."""
        judged = {key: found for key, found in findings.items() if found.value is not None}
        if not judged:
            return nothing_to_judge(self.spec, context)
        symbols = {one.id: one.symbol for one in context.series}
        flagged = [
            (symbols.get(key, str(key)), found) for key, found in judged.items() if found.status is not Status.PASS
        ]
        flagged.sort(key=lambda item: (item[1].status is not Status.FAIL, -(item[1].value or 0.0), item[0]))
        counts: Counter[str] = Counter()
        for _, found in flagged:
            counts.update(found.detail["counts"])
        evidence: dict[str, Any] = {
            "judged": len(judged),
            "flagged": len(flagged),
            "counts": dict(sorted(counts.items())),
            "series": [
                {"symbol": symbol, "status": found.status.value, "value": found.value, **found.detail}
                for symbol, found in flagged[:_SHOWN_SERIES]
            ],
        }
        return CheckResult(
            self.spec.metric,
            worst([Status.PASS, *(found.status for _, found in flagged)]),
            max((found.value or 0.0 for found in judged.values()), default=0.0),
            self.spec.unit,
            self.spec.warn,
            self.spec.fail,
            _sentence(counts, flagged, len(judged)),
            evidence,
            context.window_end,
        )


def _graded(detail: Mapping[str, Any]) -> Finding:
    share = detail["anomalies"] / detail["observations"]
    # After a change of unit no value compares with those before it.
    severe = "level" in detail["counts"] or share >= (SPEC.fail or 1)
    return Finding(Status.FAIL if severe else Status.WARN, round(share, 6), detail)


def _look(context: CheckContext, subject: Subject) -> Iterator[tuple[str, Int64Array]]:
    columns, series = subject.columns, subject.series
    steps = scaled_steps(subject)
    levels = new_levels(steps)
    yield "level", levels
    yield "spike", np.setdiff1d(spikes(steps), levels)
    yield "bar", np.flatnonzero(impossible(columns))
    yield "copy", np.flatnonzero(copied_bars(columns))
    daily = interval_seconds(series.interval) >= _DAY_S
    # Within a day values repeat by nature.
    if daily and (pairs := repeated_pairs(columns.value)) is not None:
        yield "paired", np.arange(pairs.start, pairs.stop)
    if (back := reversed_bars(columns)) is not None:
        yield "order", np.flatnonzero(back)
    if series.interval == "1d" and context.schedule is not None:
        days = session_days(columns.as_of, context.schedule.timezone)
        yield "twice", np.flatnonzero(duplicate_sessions(days))
        yield "weekend", np.flatnonzero(weekends(days, seven_days=context.dataset.calendar == EVERY_DAY))


def _sentence(counts: Counter[str], flagged: list[tuple[str, Finding]], judged: int) -> str:
    if not flagged:
        return f"no anomalies in the history of {judged} series" if judged > 1 else "no anomalies in the history"
    parts = [f"{n:,} {WORDS[kind][n > 1]}" for kind, n in counts.most_common(_SHOWN_KINDS)]
    symbol, found = flagged[0]
    more = f" and {len(flagged) - 1:,} more series" if len(flagged) > 1 else ""
    return f"{', '.join(parts)}: {symbol}{more}, such as {symbol} at {found.detail['points'][-1]['at']}"


HISTORY = History()
