"""Twin sources: two sources of the same quantity must have the same values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from mktdash.domain.observation import Columns
from mktdash.domain.schedule import session_of
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Status, Twin, nothing_to_judge
from mktdash.quality.per_series import graded
from mktdash.quality.points import decimals_of
from mktdash.store.catalogue.series import SeriesRow

SPEC = CheckSpec("twins", "Twin sources", "sessions that differ", warn=1, fail=3)

SESSIONS = 30
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sources day by day.

    Attributes:
        common: the sessions both have.
        differences: those of them on which they differ by more than rounding: (session, one, other).
        only_one, only_other: sessions that one of them lacks, within the days both span.
    """

    common: list[date]
    differences: list[tuple[date, float, float]]
    only_one: list[date]
    only_other: list[date]


def compare(one: Mapping[date, float], other: Mapping[date, float]) -> Comparison:
    """Compare two sources by session; they may differ by half a unit of the coarser one's last decimal."""
    if not one or not other:
        return Comparison([], [], [], [])
    first, last = max(min(one), min(other)), min(max(one), max(other))
    common = sorted(one.keys() & other.keys())
    a = np.array([one[day] for day in common])
    b = np.array([other[day] for day in common])
    allowed = 0.5 * 10.0 ** -min(decimals_of(a), decimals_of(b))
    with np.errstate(all="ignore"):
        apart = ~(np.abs(a - b) < allowed)
    return Comparison(
        common,
        [(common[at], float(a[at]), float(b[at])) for at in np.flatnonzero(apart).tolist()],
        sorted(day for day in one.keys() - other.keys() if first <= day <= last),
        sorted(day for day in other.keys() - one.keys() if first <= day <= last),
    )


def by_session(series: SeriesRow, columns: Columns) -> dict[date, float]:
    """Values in base units by session date."""
    return {
        session_of(as_of, series.timezone): value * series.unit_scale
        for as_of, value in zip(columns.as_of.tolist(), columns.value.tolist(), strict=True)
    }


@dataclass(frozen=True, slots=True)
class Twins:
    """Judges the last 30 sessions that both sources have; sessions only one has are shown and not judged."""

    spec: CheckSpec = SPEC

    def judge(self, context: CheckContext) -> CheckResult:
        """The most sessions on which a series differs from its twin."""
        pairs = [(twin, compare(*_both(twin))) for twin in context.twins]
        pairs = [(twin, found) for twin, found in pairs if found.common]
        if not pairs:
            return nothing_to_judge(self.spec, context)
        evidence, counts = [], []
        for twin, found in pairs:
            since = found.common[-SESSIONS:][0]
            recent = [one for one in found.differences if one[0] >= since]
            counts.append(len(recent))
            evidence.append(_evidence(twin, found, since, recent))
        worst_count = max(counts)
        named = evidence[counts.index(worst_count)]
        status = graded(self.spec, worst_count)
        summary = f"{len(pairs)} series agree with the other source"
        if status is not Status.PASS:
            summary = f"{named['symbol']} differs from {named['other']} on {worst_count} of {named['common']} sessions"
        return CheckResult(
            self.spec.metric,
            status,
            float(worst_count),
            self.spec.unit,
            self.spec.warn,
            self.spec.fail,
            summary,
            {"pairs": evidence},
            context.window_end,
        )


def _both(twin: Twin) -> tuple[dict[date, float], dict[date, float]]:
    return by_session(twin.series, twin.columns), by_session(twin.other, twin.other_columns)


def _evidence(twin: Twin, found: Comparison, since: date, recent: list[tuple[date, float, float]]) -> dict[str, Any]:
    return {
        "symbol": twin.series.symbol,
        "other": twin.other.source,
        "since": since.isoformat(),
        "last": found.common[-1].isoformat(),
        "common": len(found.common[-SESSIONS:]),
        "differences": [
            {"session": day.isoformat(), twin.series.source: one, twin.other.source: other}
            for day, one, other in recent[-_SHOWN:]
        ],
        "only_here": [day.isoformat() for day in found.only_one if day >= since][-_SHOWN:],
        "only_there": [day.isoformat() for day in found.only_other if day >= since][-_SHOWN:],
    }
