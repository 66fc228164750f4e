"""Return drift: whether the last returns have the distribution of earlier ones. Levels are never compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mktdash.domain.observation import Float64Array
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Finding, Status, Subject, nothing_to_judge
from mktdash.quality.expected.expected_sessions import finest_step
from mktdash.quality.per_series import graded
from mktdash.quality.points import returns

# One series-window in a hundred drifts by chance (ops/bench, false alarms); one in ten at once does not.
SPEC = CheckSpec("drift", "Return drift", "share of series", warn=0.1, fail=0.5)

WINDOW = 20
REFERENCE = 250
WINDOWS = 30
_LEAST_WINDOWS = 10
_SIGMAS = 3.0
_ROUNDING = 1e-9
_SHOWN = 20
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class DriftWindows:
    """How many returns are in a window and in the reference before it, and how many windows are compared."""

    window: int = WINDOW
    reference: int = REFERENCE
    windows: int = WINDOWS


_TICKS = DriftWindows(window=200, reference=1000, windows=18)


def _shape(context: CheckContext) -> DriftWindows:
    return _TICKS if finest_step(context.series) < _DAY_S else DriftWindows()


def distances(steps: Float64Array, shape: DriftWindows) -> Float64Array:
    """The two-sample Kolmogorov-Smirnov distance of each window from the returns before it, the newest window last.

    Args:
        steps: finite returns, ascending in time.
        shape: the windows; as many are measured as the returns reach for.
    """
    n = min(shape.windows + 1, (len(steps) - shape.reference) // shape.window)
    if n < 1:
        return np.empty(0)
    used = steps[len(steps) - shape.reference - n * shape.window :]
    reference = np.lib.stride_tricks.sliding_window_view(used, shape.reference)[: n * shape.window : shape.window]
    window = used[shape.reference :].reshape(n, shape.window)
    # Both distribution functions at each point of the window, from the left and from the right: ties count in full.
    points, before, own = window[:, :, None], reference[:, None, :], window[:, None, :]
    below = np.count_nonzero(before < points, axis=2) / shape.reference
    upto = np.count_nonzero(before <= points, axis=2) / shape.reference
    own_below = np.count_nonzero(own < points, axis=2) / shape.window
    own_upto = np.count_nonzero(own <= points, axis=2) / shape.window
    return np.maximum(np.abs(own_upto - upto), np.abs(own_below - below)).max(axis=1)  # type: ignore[no-any-return]


def bound_of(habit: Float64Array) -> float:
    """The distance beyond which a window drifts, by the windows before it: their mean + 3 sd."""
    # Equal distances all along have no spread: rounding alone must not make a drift of them.
    return float(habit.mean() + _SIGMAS * habit.std(ddof=1)) + _ROUNDING


@dataclass(frozen=True, slots=True)
class Drift:
    """A series drifts when its last window is further from its past than mean + 3 sd of its own windows before."""

    spec: CheckSpec = SPEC

    def measure(self, context: CheckContext, subjects: Sequence[Subject]) -> Mapping[int, Finding]:
        """The distance of each series' last window beside its own threshold."""
        shape = _shape(context)
        return {
            subject.series.id: self._one(subject, shape)
            if subject.series.id in context.quoted
            else Finding(Status.PASS)
            for subject in subjects
        }

    def _one(self, subject: Subject, shape: DriftWindows) -> Finding:
        steps = returns(subject)
        needed = shape.reference + (shape.windows + 1) * shape.window
        found = distances(steps[np.isfinite(steps)][-needed:], shape)
        if len(found) <= _LEAST_WINDOWS:
            return Finding(Status.PASS)
        bound, last = bound_of(found[:-1]), float(found[-1])
        status = Status.WARN if last > bound else Status.PASS
        return Finding(status, round(last, 4), {"bound": round(bound, 4)} if status is Status.WARN else {})

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The share of series that drift; evidence names them with distance and threshold."""
        values = [finding for finding in findings.values() if finding.value is not None]
        if not values:
            shape = _shape(context)
            least = shape.reference + (_LEAST_WINDOWS + 1) * shape.window
            why = f"no series has the {least} returns needed to compare"
            return nothing_to_judge(self.spec, context, why)
        symbols = {one.id: one.symbol for one in context.series}
        moved = [(symbols.get(key, str(key)), found) for key, found in findings.items() if found.status is Status.WARN]
        moved.sort(key=lambda item: (-(item[1].value or 0.0), item[0]))
        share = len(moved) / len(values)
        names = ", ".join(name for name, _ in moved[:3])
        evidence: dict[str, Any] = {
            "judged": len(values),
            "drifting": [{"symbol": name, "distance": found.value, **found.detail} for name, found in moved[:_SHOWN]],
            "method": f"KS distance of the last {_shape(context).window} returns from the {_shape(context).reference} "
            f"before, against mean + 3 sd of the {_shape(context).windows} windows before",
        }
        return CheckResult(
            self.spec.metric,
            graded(self.spec, share),
            round(share, 4),
            self.spec.unit,
            self.spec.warn,
            self.spec.fail,
            f"{len(moved)} of {len(values)} series drift: {names}" if moved else "returns are distributed as before",
            evidence,
            context.window_end,
        )


DRIFT = Drift()
