"""Row count: a payload much shorter than those before it, largely rejected, or retracting many values."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from mktdash.domain.clock import iso
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Status, nothing_to_judge
from mktdash.quality.payload_layout import kind_of
from mktdash.quality.per_series import graded
from mktdash.store.batches.batches import BatchRow

SPEC = CheckSpec("rows", "Row count", "share of the usual rows", warn=0.1, fail=0.5)

_BEFORE = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """Compares the newest payload with those before it from the same place."""

    spec: CheckSpec = SPEC

    def judge(self, context: CheckContext) -> CheckResult:
        """The largest of the shares that are missing, rejected or retracted."""
        if not context.batches:
            return nothing_to_judge(self.spec, context)
        newest = context.batches[0]
        before = [batch for batch in context.batches[1:] if kind_of(batch.url) == kind_of(newest.url)][:_BEFORE]
        ticks = context.schedule is not None and context.schedule.step_s is not None
        # Ticks come as many at a time as there were; completeness counts them.
        usual = 0.0 if ticks else _usual(before)
        rows = _rows(newest)
        shares = {
            "fewer rows": max(0.0, 1 - rows / usual) if usual else 0.0,
            "of rows rejected": newest.rejected / rows if rows else 0.0,
            "of values retracted": newest.retracted / max(rows, newest.retracted) if newest.retracted else 0.0,
        }
        what, value = max(shares.items(), key=lambda item: item[1])
        status = graded(self.spec, value)
        summary = f"{rows} rows in the newest payload, as usual"
        if status is not Status.PASS:
            summary = f"{value:.0%} {what}: batch {newest.id} has {rows} rows, usually {usual:.0f}"
        evidence = {
            "batch": newest.id,
            "known_at": iso(newest.known_at),
            "rows": rows,
            "usual": usual,
            "compared_with": len(before),
            "rejected": newest.rejected,
            "retracted": newest.retracted,
        }
        return CheckResult(
            self.spec.metric,
            status,
            round(value, 4),
            self.spec.unit,
            self.spec.warn,
            self.spec.fail,
            summary,
            evidence,
            context.window_end,
        )


def _rows(batch: BatchRow) -> int:
    return batch.new + batch.revised + batch.same + batch.rejected


def _usual(before: Sequence[BatchRow]) -> float:
    return float(median(_rows(batch) for batch in before)) if before else 0.0
