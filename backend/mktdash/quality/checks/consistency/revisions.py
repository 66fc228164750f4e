"""Revisions: batches that change known values. A few corrections are normal; a restated history is not.

The bounds come from recorded vintages (decision 0017): of their ordinary corrections the largest touched 0.13% of the
old values, the smallest real accident 1.07%.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mktdash.domain.clock import MICROS_PER_DAY, iso
from mktdash.domain.observation import Float64Array, Int64Array
from mktdash.domain.schedule import session_of
from mktdash.quality.base import (
    BatchChanges,
    CheckContext,
    CheckResult,
    CheckSpec,
    Finding,
    RestatedSeries,
    Status,
    nothing_to_judge,
    worst,
)
from mktdash.quality.expected.expected_sessions import label_of
from mktdash.quality.history.restatements import LEAST, Compared, compare, directions, pattern_of

SPEC = CheckSpec("revisions", "Revisions", "share of old values", warn=0.005, fail=0.1)

# A restatement is reported for so long after it came.
NEWS = 30 * MICROS_PER_DAY
# The newest values are provisional in many sources; what is older should stand.
_PROVISIONAL = 5
# A series whose batches usually change so much may change half as much more.
_HABIT = 1.5
_HABIT_BATCHES = 3
_ONE_WAY, _ONE_WAY_LEAST = 0.95, 20
# A revised value is an outlier at so many usual steps from both its neighbours, and so much further than before.
_OFF, _WORSE = 10.0, 3.0
_SHOWN = 20
_SHOWN_SYMBOLS = 5
# Nobody re-orders or exchanges values on purpose; a factor or a shift may be a rebased index or a split.
_NEVER_MEANT = frozenset({"fields", "reversed", "swap", "moved", "constant", "inverse"})


@dataclass(frozen=True, slots=True)
class _Change:
    """A change to one series; ``name`` and ``words`` are the same for series with one cause."""

    status: Status
    name: str
    words: str
    n: int
    count_before: int
    symbol: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Revisions:
    """Judges each batch by the values known before it that it changed."""

    spec: CheckSpec = SPEC

    def measure(self, context: CheckContext, batch: BatchChanges) -> Finding:
        """The verdict of its worst series; the same change to several series is reported once."""
        compared = [compare(one.before, one.after, one.count_before) for one in batch.examined]
        before = {one.series.symbol: one.before for one in batch.examined if len(one.before)}
        changes: dict[tuple[Status, str, str], list[_Change]] = defaultdict(list)
        for one, found in zip(batch.examined, compared, strict=True):
            others = {symbol: columns for symbol, columns in before.items() if symbol != one.series.symbol}
            # What overflows follows no pattern.
            with np.errstate(all="ignore"):
                changes_of_one = _changes(one, found, others)
            for change in changes_of_one:
                changes[change.status, change.name, change.words].append(change)
        if not changes:
            return Finding(Status.PASS)
        ordered = sorted(
            changes.items(), key=lambda item: (item[0][0] is not Status.FAIL, -sum(one.n for one in item[1]))
        )
        share = max(one.n / max(one.count_before, 1) for group in changes.values() for one in group)
        detail = {
            "batch": batch.id,
            "known_at": iso(batch.known_at),
            "arrived": iso(batch.arrived),
            "superseded": batch.superseded,
            "series": batch.series_count,
            "examined": len(batch.examined),
            "found": [_group(context, words, group) for (_, _, words), group in ordered[:_SHOWN]],
        }
        return Finding(worst([status for status, _, _ in changes]), round(share, 6), detail)

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The verdict of the worst recent batch, the newest of equal ones."""
        if not context.batches:
            return nothing_to_judge(self.spec, context, "no batches yet")
        news = [one for one in findings.values() if one.status is not Status.PASS]
        news.sort(key=lambda one: (one.status is Status.FAIL, one.detail["batch"]), reverse=True)
        summary = "no batch restated known values"
        if news:
            summary = _sentence(news[0].detail)
            if len(news) > 1:
                summary += f"; {len(news) - 1} more {'batches' if len(news) > 2 else 'batch'} restated history"  # noqa: PLR2004 - more than one more
        return CheckResult(
            self.spec.metric,
            worst([Status.PASS, *(one.status for one in news)]),
            max((one.value or 0.0 for one in news), default=0.0),
            self.spec.unit,
            self.spec.warn,
            self.spec.fail,
            summary,
            {"batches": [{"status": one.status.value, **one.detail} for one in news[:_SHOWN]]},
            context.window_end,
        )


def _changes(one: RestatedSeries, found: Compared, others: Mapping[str, Any]) -> list[_Change]:
    """The changes to one series that are worth reporting; mostly none."""
    changed = np.flatnonzero(found.changed)
    pattern = pattern_of(found, others)
    if pattern is not None and pattern.name != "rounded":
        status = Status.FAIL
        if pattern.name not in _NEVER_MEANT and (
            one.series.adjustment != "none" or pattern.n < (SPEC.fail or 0) * found.count_before
        ):
            status = Status.WARN
        return [_change(one, found, changed, status, pattern.name, pattern.words, pattern.n)]
    old = changed[changed < len(found.as_of) - _PROVISIONAL]
    changes = []
    outliers = _outliers(one, found, old)
    if len(outliers):
        words = "changed to values far from their neighbours"
        changes.append(_change(one, found, outliers, Status.WARN, "outlier", words, len(outliers)))
    status = _by_share(one, len(old), found.count_before)
    if status is not Status.PASS:
        words = "rounded differently" if pattern is not None else "changed" + _one_way(found, old)
        changes.append(_change(one, found, old, status, "changed", words, len(old)))
    elif way := _one_way(found, old):
        changes.append(_change(one, found, old, Status.WARN, "one way", "changed" + way, len(old)))
    gone = found.retracted
    status = _by_share(one, len(gone), found.count_before)
    if status is not Status.PASS:
        first, last, symbol = int(gone[0]), int(gone[-1]), one.series.symbol
        changes.append(_Change(status, "retracted", "retracted", len(gone), found.count_before, symbol, first, last))
    return changes


def _change(  # noqa: PLR0917  # the parts of one sentence
    one: RestatedSeries, found: Compared, at: Int64Array, status: Status, name: str, words: str, n: int
) -> _Change:
    first, last = int(found.as_of[at[0]]), int(found.as_of[at[-1]])
    return _Change(status, name, words, n, found.count_before, one.series.symbol, first, last)


def _by_share(one: RestatedSeries, n: int, count_before: int) -> Status:
    """By the share of old values, against the bounds and against what is usual for the series."""
    if n < LEAST or not count_before:
        return Status.PASS
    share = n / count_before
    custom = _HABIT * max(one.usual) if len(one.usual) >= _HABIT_BATCHES else 0.0
    if share < (SPEC.warn or 0) or share <= custom:
        return Status.PASS
    return Status.FAIL if share >= (SPEC.fail or 1) else Status.WARN


def _one_way(found: Compared, at: Int64Array) -> str:
    up, down = directions(found, at)
    if up + down < _ONE_WAY_LEAST or max(up, down) < _ONE_WAY * (up + down):
        return ""
    return ", all upwards" if up > down else ", all downwards"


def _outliers(one: RestatedSeries, found: Compared, at: Int64Array) -> Int64Array:
    """Those of the changed values that stand far from both neighbours and did not before."""
    inner = at[(at > 0) & (at < len(found.as_of) - 1) & found.moved[at]]
    if not len(inner) or len(found.as_of) < 2 * LEAST:
        return inner[:0]
    positive = one.series.positive and one.series.measure != "yield"
    before, after = _scaled(found.before.value, relative=positive), _scaled(found.after.value, relative=positive)
    steps = np.abs(np.diff(before))
    scale = float(np.nanmedian(steps[steps > 0])) if (steps > 0).any() else 0.0
    if not scale:
        return inner[:0]
    off = _distance(after, inner) / scale
    return inner[(off > _OFF) & (off > _WORSE * _distance(before, inner) / scale)]


def _scaled(values: Float64Array, *, relative: bool) -> Float64Array:
    return np.log(values) if relative else values


def _distance(values: Float64Array, at: Int64Array) -> Float64Array:
    """How far values stand from the nearer of their neighbours."""
    nearer: Float64Array = np.minimum(np.abs(values[at] - values[at - 1]), np.abs(values[at] - values[at + 1]))
    return np.nan_to_num(nearer, nan=np.inf)


def _group(context: CheckContext, words: str, group: Sequence[_Change]) -> dict[str, Any]:
    symbols = sorted(one.symbol for one in group)
    return {
        "status": group[0].status.value,
        "kind": group[0].name,
        "what": words,
        "values": sum(one.n for one in group),
        "of": sum(one.count_before for one in group),
        "series": len(group),
        "symbols": symbols[:_SHOWN_SYMBOLS],
        "first": _label(context, min(one.first for one in group)),
        "last": _label(context, max(one.last for one in group)),
    }


def _label(context: CheckContext, as_of: int) -> str:
    if context.schedule is not None:
        return label_of(context.schedule, as_of)
    return session_of(as_of, context.dataset.timezone or "UTC").isoformat()


def _sentence(detail: Mapping[str, Any]) -> str:
    batch = f"in batch {detail['batch']} of {detail['known_at']}"
    first, *more = detail["found"][:3]
    sentence = f"{first['values']:,} of {first['of']:,} values {first['what']} {batch}: {_where(first)}"
    for group in more:
        sentence += f"; and {group['values']:,} of {group['of']:,} {group['what']}: {_where(group)}"
    if detail["examined"] < detail["series"]:
        sentence += f" (examined {detail['examined']:,} of the {detail['series']:,} changed series)"
    return sentence


def _where(group: Mapping[str, Any]) -> str:
    series = group["symbols"][0]
    if group["series"] > 1:
        named = group["symbols"][:3]
        more = f" and {group['series'] - len(named):,} more" if group["series"] > len(named) else ""
        series = f"{group['series']:,} series ({', '.join(named)}{more})"
    return f"{series}, {group['first']}" + (f" to {group['last']}" if group["last"] != group["first"] else "")


REVISIONS = Revisions()
