"""Equal series: two series of one dataset with the same values day after day, as when one column is mapped twice."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mktdash.domain.clock import iso
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, EqualPair, Status, nothing_to_judge, worst
from mktdash.quality.expected.expected_sessions import label_of
from mktdash.quality.per_series import graded

SPEC = CheckSpec("copies", "Equal series", "values equal in a row", warn=10, fail=20)

# Two series that stand still may well stand at the same; so many different values in a row they don't share.
_DIFFERENT = 5
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Copies:
    """Judges the pairs whose newest values are equal: how far back they are."""

    spec: CheckSpec = SPEC

    def judge(self, context: CheckContext) -> CheckResult:
        """The longest run of equal values up to the newest."""
        if len(context.latest) < 2:  # noqa: PLR2004 - one alone equals nothing
            return nothing_to_judge(self.spec, context, "fewer than two series to compare")
        found = [(pair, n, since) for pair in context.equal_pairs for n, since in [_run(pair)]]
        found = [one for one in found if graded(self.spec, one[1]) is not Status.PASS]
        found.sort(key=lambda one: (-one[1], one[0].symbol))
        summary = "no two series have the same values"
        if found:
            pair, n, since = found[0]
            more = f"; and {len(found) - 1} more pairs" if len(found) > 1 else ""
            summary = f"{pair.symbol} and {pair.other} are equal for {n:,} values, since {_label(context, since)}{more}"
        pairs: list[dict[str, Any]] = [
            {"symbol": pair.symbol, "other": pair.other, "equal": n, "since": _label(context, since)}
            for pair, n, since in found[:_SHOWN]
        ]
        return CheckResult(
            self.spec.metric,
            worst([Status.PASS, *(graded(self.spec, n) for _, n, _ in found)]),
            float(max((n for _, n, _ in found), default=0)),
            self.spec.unit,
            self.spec.warn,
            self.spec.fail,
            summary,
            {"pairs": pairs},
            context.window_end,
        )


def _run(pair: EqualPair) -> tuple[int, int]:
    """How many values up to the newest are equal, and since which instant; 0 where they hardly move."""
    n = min(len(pair.columns), len(pair.other_columns))
    if not n:
        return 0, 0
    one, other = pair.columns.take(slice(-n, None)), pair.other_columns.take(slice(-n, None))
    same = (one.as_of == other.as_of) & (one.value == other.value)
    run = n if same.all() else int(np.argmin(same[::-1]))
    if len(np.unique(one.value[len(one) - run :])) < _DIFFERENT:
        return 0, 0
    return run, int(one.as_of[len(one) - run])


def _label(context: CheckContext, as_of: int) -> str:
    return iso(as_of) if context.schedule is None else label_of(context.schedule, as_of)
