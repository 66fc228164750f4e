"""Checks that examine one series at a time; the dataset's verdict is that of its worst series."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Finding, Status, Subject, nothing_to_judge, worst

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PerSeries:
    """A check made of a function that examines one series.

    Attributes:
        examine: gives the finding of one series; PASS without a value where there was nothing to judge.
        problem: the start of the summary where it finds something: ``bars in reverse order``.
        ok: the summary where it finds nothing.
        spec_for: the spec with the bounds of a dataset, where they differ.
    """

    spec: CheckSpec
    examine: Callable[[CheckContext, Subject], Finding]
    problem: str
    ok: str
    spec_for: Callable[[CheckContext], CheckSpec] | None = None

    def measure(self, context: CheckContext, subjects: Sequence[Subject]) -> Mapping[int, Finding]:
        """Each series on its own; one that its source no longer quotes is not judged."""
        return {
            subject.series.id: self.examine(context, subject)
            if subject.series.id in context.quoted and len(subject.columns)
            else Finding(Status.PASS)
            for subject in subjects
        }

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The worst verdict and the largest value; evidence names the flagged series, the worst first."""
        values = [finding.value for finding in findings.values() if finding.value is not None]
        if not values:
            return nothing_to_judge(self.spec, context)
        spec = self.spec if self.spec_for is None else self.spec_for(context)
        symbols = {one.id: one.symbol for one in context.series}
        flagged = [(key, found) for key, found in findings.items() if found.status is not Status.PASS]
        flagged.sort(key=lambda item: (-(item[1].value or 0.0), symbols.get(item[0], "")))
        summary = self.ok
        if flagged:
            first = symbols.get(flagged[0][0], "")
            others = f" and {len(flagged) - 1} more" if len(flagged) > 1 else ""
            summary = f"{self.problem}: {first}{others}{_what(flagged[0][1])}"
        evidence: dict[str, Any] = {
            "judged": len(values),
            "flagged": len(flagged),
            "series": [
                {
                    "symbol": symbols.get(key, str(key)),
                    "status": found.status.value,
                    "value": found.value,
                    **found.detail,
                }
                for key, found in flagged[:_SHOWN]
            ],
        }
        return CheckResult(
            spec.metric,
            worst([found.status for found in findings.values()]),
            max(values),
            spec.unit,
            spec.warn,
            spec.fail,
            summary,
            evidence,
            context.window_end,
        )


def graded(spec: CheckSpec, value: float) -> Status:
    """The verdict on a value that is worse the larger it is, by the spec's bounds."""
    if spec.fail is not None and value >= spec.fail:
        return Status.FAIL
    return Status.WARN if spec.warn is not None and value >= spec.warn else Status.PASS


def _what(finding: Finding) -> str:
    points = finding.detail.get("points")
    return f", {points[-1]['at']}" if points else ""
