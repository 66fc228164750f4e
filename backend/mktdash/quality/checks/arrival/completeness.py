"""Completeness: the share of expected sessions that are present, and a reason for each that is missing."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Finding, Status, Subject, unknown, unscheduled
from mktdash.quality.expected.expected_sessions import LONG_WINDOW, SHORT_WINDOW
from mktdash.quality.expected.missing_sessions import Explainer

_WARN = 0.99
_FAIL = 0.95
_SHOWN = 50
_SHOWN_SYMBOLS = 5


def _spec(metric: str, days: int) -> CheckSpec:
    return CheckSpec(metric, f"Completeness over {days} days", "share present", warn=_WARN, fail=_FAIL)


@dataclass(frozen=True, slots=True)
class Completeness:
    """Present over expected, summed over the series that are still quoted.

    Attributes:
        short: judge the short window only.
    """

    spec: CheckSpec
    short: bool

    def measure(self, context: CheckContext, subjects: Sequence[Subject]) -> Mapping[int, Finding]:
        """Of each series: expected and present observations, and each missing slot with its reason."""
        if context.slots is None:
            return {subject.series.id: Finding(Status.UNKNOWN) for subject in subjects}
        explainer = Explainer(context, context.slots)
        return {subject.series.id: self._one(context, explainer, subject) for subject in subjects}

    def _one(self, context: CheckContext, explainer: Explainer, subject: Subject) -> Finding:
        slots, filled = context.slots, subject.filled
        if slots is None or filled is None or subject.series.id not in context.quoted:
            return Finding(Status.PASS, detail={"expected": 0, "present": 0})
        expected = explainer.expected(subject.series.id)
        if self.short:
            expected &= slots.recent
        # Extra observations do not make up for a gap elsewhere.
        present = np.minimum(filled, slots.need)
        need = int(expected.sum()) * slots.need
        have = int(present[expected].sum())
        missing = {
            slots.label[slot]: explainer.reason(subject.series, slot)[0].value
            for slot in np.flatnonzero(expected & (present < slots.need)).tolist()
        }
        share = have / need if need else None
        detail: dict[str, Any] = {"expected": need, "present": have}
        if missing:
            detail["missing"] = missing
        return Finding(_grade(share), share, detail)

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The share over all series; evidence lists the missing slots, each with its reason and how many lack it."""
        if context.slots is None:
            return unscheduled(self.spec, context)
        if not context.latest:
            return unknown(self.spec, context, "no observations yet")
        need = have = 0
        gaps: dict[tuple[str, str], list[str]] = defaultdict(list)
        reasons: Counter[str] = Counter()
        symbols = {one.id: one.symbol for one in context.series}
        for series_id, finding in findings.items():
            detail = finding.detail
            need += detail.get("expected", 0)
            have += detail.get("present", 0)
            for label, reason in detail.get("missing", {}).items():
                gaps[label, reason].append(symbols.get(series_id, str(series_id)))
                reasons[reason] += 1
        share = have / need if need else None
        newest_first = sorted(gaps.items(), reverse=True)
        evidence: dict[str, Any] = {
            "expected": need,
            "present": have,
            "window": _window(context, short=self.short),
            "reasons": dict(sorted(reasons.items())),
            "missing": [
                {
                    "session": label,
                    "reason": reason,
                    "series": len(names),
                    "symbols": sorted(names)[:_SHOWN_SYMBOLS],
                }
                for (label, reason), names in newest_first[:_SHOWN]
            ],
        }
        return CheckResult(
            self.spec.metric,
            _grade(share),
            share,
            self.spec.unit,
            self.spec.warn,
            self.spec.fail,
            _sentence(have, need, reasons),
            evidence,
            context.window_end,
        )


def _grade(share: float | None) -> Status:
    if share is None or share >= _WARN:
        return Status.PASS
    return Status.WARN if share >= _FAIL else Status.FAIL


def _sentence(have: int, need: int, reasons: Counter[str]) -> str:
    if not need:
        return "no session was due in the window"
    if have == need:
        return f"all {need} expected observations are present"
    why = ", ".join(f"{n} {reason}" for reason, n in sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
    return f"{have} of {need} expected observations are present; missing sessions: {why}"


def _window(context: CheckContext, *, short: bool) -> dict[str, str | None]:
    slots = context.slots
    if slots is None or not len(slots):
        return {"first": None, "last": None}
    first = int(np.argmax(slots.recent)) if short and slots.recent.any() else 0
    return {"first": slots.label[first], "last": slots.label[-1]}


SHORT = Completeness(_spec("completeness", SHORT_WINDOW), short=True)
LONG = Completeness(_spec("completeness30", LONG_WINDOW), short=False)
