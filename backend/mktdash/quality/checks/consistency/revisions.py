"""Revisions: batches that rewrite what was known. A few corrections are ordinary; a rewritten history is not.

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
    Restated,
    Status,
    nothing_to_judge,
    worst,
)
from mktdash.quality.expected.sessions import label_of
from mktdash.quality.history.restatements import LEAST, Compared, compare, directions, pattern_of

SPEC = CheckSpec("revisions", "Revisions", "share of old values", warn=0.005, fail=0.1)

# A rewritten past is news for so long after it came.
NEWS = 30 * MICROS_PER_DAY
# The newest values are provisional in many sources; what is older should stand.
_PROVISIONAL = 5
# A series whose batches have always changed so much may do so again, and half as much again.
_HABIT = 1.5
_HABIT_BATCHES = 3
_ONE_WAY, _ONE_WAY_LEAST = 0.95, 20
# So many usual steps away from both its neighbours, and so much further than before, a value has been spoilt.
_OFF, _WORSE = 10.0, 3.0
_SHOWN = 20
_SHOWN_SYMBOLS = 5
# Nobody re-orders or exchanges values on purpose; a factor or a shift may be a rebased index or a split.
_NEVER_MEANT = frozenset({"fields", "reversed", "swap", "moved", "constant", "inverse"})


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of one series: ``name`` and ``words`` are alike for series with one cause."""

    status: Status
    name: str
    words: str
    n: int
    held: int
    symbol: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Revisions:
    """Judges each batch by what it changed of the values that were known before it."""

    spec: CheckSpec = SPEC

    def measure(self, context: CheckContext, batch: BatchChanges) -> Finding:
        """The worst of its series; what they have in common is said once."""
        found = [compare(one.before, one.after, one.held) for one in batch.looked_into]
        before = {one.series.symbol: one.before for one in batch.looked_into if len(one.before)}
        told: dict[tuple[Status, str, str], list[_Told]] = defaultdict(list)
        for one, compared in zip(batch.looked_into, found, strict=True):
            others = {symbol: columns for symbol, columns in before.items() if symbol != one.series.symbol}
            # What overflows follows no pattern.
            with np.errstate(all="ignore"):
                said_of_one = _look(one, compared, others)
            for said in said_of_one:
                told[said.status, said.name, said.words].append(said)
        if not told:
            return Finding(Status.PASS)
        ordered = sorted(told.items(), key=lambda item: (item[0][0] is not Status.FAIL, -sum(one.n for one in item[1])))
        share = max(one.n / max(one.held, 1) for group in told.values() for one in group)
        detail = {
            "batch": batch.id,
            "known_at": iso(batch.known_at),
            "arrived": iso(batch.arrived),
            "superseded": batch.superseded,
            "series": batch.touched,
            "looked_into": len(batch.looked_into),
            "found": [_group(context, words, group) for (_, _, words), group in ordered[:_SHOWN]],
        }
        return Finding(worst([status for status, _, _ in told]), round(share, 6), detail)

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The worst batch that is still news speaks, the newest first among equals."""
        if not context.batches:
            return nothing_to_judge(self.spec, context, "nothing has arrived yet")
        news = [one for one in findings.values() if one.status is not Status.PASS]
        news.sort(key=lambda one: (one.status is Status.FAIL, one.detail["batch"]), reverse=True)
        summary = "no batch rewrote what was known"
        if news:
            summary = _sentence(news[0].detail)
            if len(news) > 1:
                summary += f"; {len(news) - 1} more {'batches' if len(news) > 2 else 'batch'} rewrote the past"  # noqa: PLR2004 - more than one more
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


def _look(one: Restated, found: Compared, others: Mapping[str, Any]) -> list[_Told]:
    """What is to be said of one series; nothing, mostly."""
    changed = np.flatnonzero(found.changed)
    pattern = pattern_of(found, others)
    if pattern is not None and pattern.name != "rounded":
        status = Status.FAIL
        if pattern.name not in _NEVER_MEANT and (
            one.series.adjustment != "none" or pattern.n < (SPEC.fail or 0) * found.held
        ):
            status = Status.WARN
        return [_told(one, found, changed, status, pattern.name, pattern.words, pattern.n)]
    old = changed[changed < len(found.as_of) - _PROVISIONAL]
    told = []
    spoilt = _spoilt(one, found, old)
    if len(spoilt):
        words = "changed to what stands far from its neighbours"
        told.append(_told(one, found, spoilt, Status.WARN, "spoilt", words, len(spoilt)))
    status = _by_share(one, len(old), found.held)
    if status is not Status.PASS:
        words = "written with other decimals" if pattern is not None else "changed" + _one_way(found, old)
        told.append(_told(one, found, old, status, "changed", words, len(old)))
    elif way := _one_way(found, old):
        told.append(_told(one, found, old, Status.WARN, "one way", "changed" + way, len(old)))
    status = _by_share(one, len(found.gone), found.held)
    if status is not Status.PASS:
        n, first, last = len(found.gone), int(found.gone[0]), int(found.gone[-1])
        told.append(_Told(status, "withdrawn", "withdrawn", n, found.held, one.series.symbol, first, last))
    return told


def _told(  # noqa: PLR0917  # the parts of one sentence
    one: Restated, found: Compared, at: Int64Array, status: Status, name: str, words: str, n: int
) -> _Told:
    first, last = int(found.as_of[at[0]]), int(found.as_of[at[-1]])
    return _Told(status, name, words, n, found.held, one.series.symbol, first, last)


def _by_share(one: Restated, n: int, held: int) -> Status:
    """By the share of old values, against the bounds and against what is customary for the series."""
    if n < LEAST or not held:
        return Status.PASS
    share = n / held
    custom = _HABIT * max(one.usual) if len(one.usual) >= _HABIT_BATCHES else 0.0
    if share < (SPEC.warn or 0) or share <= custom:
        return Status.PASS
    return Status.FAIL if share >= (SPEC.fail or 1) else Status.WARN


def _one_way(found: Compared, at: Int64Array) -> str:
    up, down = directions(found, at)
    if up + down < _ONE_WAY_LEAST or max(up, down) < _ONE_WAY * (up + down):
        return ""
    return ", all upwards" if up > down else ", all downwards"


def _spoilt(one: Restated, found: Compared, at: Int64Array) -> Int64Array:
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
    off = _apart(after, inner) / scale
    return inner[(off > _OFF) & (off > _WORSE * _apart(before, inner) / scale)]


def _scaled(values: Float64Array, *, relative: bool) -> Float64Array:
    return np.log(values) if relative else values


def _apart(values: Float64Array, at: Int64Array) -> Float64Array:
    """How far values stand from the nearer of their neighbours."""
    nearer: Float64Array = np.minimum(np.abs(values[at] - values[at - 1]), np.abs(values[at] - values[at + 1]))
    return np.nan_to_num(nearer, nan=np.inf)


def _group(context: CheckContext, words: str, group: Sequence[_Told]) -> dict[str, Any]:
    symbols = sorted(one.symbol for one in group)
    return {
        "status": group[0].status.value,
        "kind": group[0].name,
        "what": words,
        "values": sum(one.n for one in group),
        "of": sum(one.held for one in group),
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
    if detail["looked_into"] < detail["series"]:
        sentence += f" (seen in {detail['looked_into']:,} of the {detail['series']:,} series it changed)"
    return sentence


def _where(group: Mapping[str, Any]) -> str:
    series = group["symbols"][0]
    if group["series"] > 1:
        named = group["symbols"][:3]
        more = f" and {group['series'] - len(named):,} more" if group["series"] > len(named) else ""
        series = f"{group['series']:,} series ({', '.join(named)}{more})"
    return f"{series}, {group['first']}" + (f" to {group['last']}" if group["last"] != group["first"] else "")


REVISIONS = Revisions()
