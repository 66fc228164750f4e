"""Checks that look at one series at a time and sum up alike: the worst series speaks for the dataset."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Finding, Status, Subject, nothing_to_judge, worst

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PerSeries:
    """A check made of a look at one series.

    Attributes:
        look: finds in one series; a finding of PASS without a value had nothing to judge.
        trouble: the words for what it finds, after a count of series: ``jumped``.
        calm: the sentence when it finds nothing.
        fitted: the spec with the bounds that fit a dataset, where they differ.
    """

    spec: CheckSpec
    look: Callable[[CheckContext, Subject], Finding]
    trouble: str
    calm: str
    fitted: Callable[[CheckContext], CheckSpec] | None = None

    def measure(self, context: CheckContext, subjects: Sequence[Subject]) -> Mapping[int, Finding]:
        """Each series on its own; one that its source has ceased to quote is not judged."""
        return {
            subject.series.id: self.look(context, subject)
            if subject.series.id in context.quoted and len(subject.columns)
            else Finding(Status.PASS)
            for subject in subjects
        }

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The worst verdict and the largest value; evidence names the series in trouble, the worst first."""
        values = [finding.value for finding in findings.values() if finding.value is not None]
        if not values:
            return nothing_to_judge(self.spec, context)
        spec = self.spec if self.fitted is None else self.fitted(context)
        symbols = {one.id: one.symbol for one in context.series}
        troubled = [(key, found) for key, found in findings.items() if found.status is not Status.PASS]
        troubled.sort(key=lambda item: (-(item[1].value or 0.0), symbols.get(item[0], "")))
        summary = self.calm
        if troubled:
            first = symbols.get(troubled[0][0], "")
            others = f" and {len(troubled) - 1} more" if len(troubled) > 1 else ""
            summary = f"{self.trouble}: {first}{others}{_what(troubled[0][1])}"
        evidence: dict[str, Any] = {
            "judged": len(values),
            "troubled": len(troubled),
            "series": [
                {
                    "symbol": symbols.get(key, str(key)),
                    "status": found.status.value,
                    "value": found.value,
                    **found.detail,
                }
                for key, found in troubled[:_SHOWN]
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
