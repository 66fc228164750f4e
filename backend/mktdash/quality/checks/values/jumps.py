"""Jumps: single returns far larger than a series has had recently, as wrong units and slipped digits cause them."""

from dataclasses import replace
from typing import Any

import numpy as np

from mktdash.domain.observation import Float64Array
from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.expected.expected_sessions import finest_step
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import name_point, recent_or_revised, returns

SPEC = CheckSpec("jumps", "Jumps", "robust deviations", warn=10, fail=50)
# Within a day markets stand still and then leap: a minute's return of 15 deviations is an ordinary one.
_WITHIN_A_DAY = replace(SPEC, warn=50, fail=500)

_DAY_S = 86_400
_BASELINE = 500
_ENOUGH = 30
_SHOWN = 5
# Beyond this the figure says no more; a constant series that moves has no scale at all.
_MOST = 10_000.0
_MAD_TO_SD = 1.4826


def examine(context: CheckContext, subject: Subject) -> Finding:
    """The largest |r - median| / (1.4826 MAD) of the returns judged, against the 500 returns before them."""
    steps = returns(subject)
    sound = np.isfinite(steps)
    recent = recent_or_revised(context, subject.columns)[1:]
    mask = recent & sound
    if not mask.any():
        return Finding(Status.PASS)
    baseline = steps[sound & ~recent][-_BASELINE:]
    if len(baseline) < _ENOUGH:
        baseline = steps[sound]
    if len(baseline) < _ENOUGH:
        return Finding(Status.PASS)
    deviations = _deviations(steps[mask], baseline)
    spec = spec_for(context)
    highest = round(float(deviations.max()), 1)
    status = graded(spec, highest)
    if status is Status.PASS:
        return Finding(status, highest)
    places = np.flatnonzero(mask)[deviations >= (spec.warn or 0)]
    return Finding(status, highest, {"points": [_point(context, subject, int(at)) for at in places[-_SHOWN:]]})


def spec_for(context: CheckContext) -> CheckSpec:
    """The bounds that fit the dataset's interval."""
    return SPEC if finest_step(context.series) >= _DAY_S else _WITHIN_A_DAY


def _deviations(steps: Float64Array, baseline: Float64Array) -> Float64Array:
    middle = np.median(baseline)
    apart = np.abs(baseline - middle)
    scale = _MAD_TO_SD * np.median(apart)
    if scale == 0:
        # More than half of the returns are alike: the others say what a move is here.
        moved = apart[apart > 0]
        scale = _MAD_TO_SD * np.median(moved) if len(moved) else 0.0
    with np.errstate(all="ignore"):
        deviations = np.where(steps == middle, 0.0, np.abs(steps - middle) / scale)
    capped: Float64Array = np.minimum(np.nan_to_num(deviations, nan=_MOST, posinf=_MOST), _MOST)
    return capped


def _point(context: CheckContext, subject: Subject, at: int) -> dict[str, Any]:
    value = subject.columns.value
    return {"at": name_point(context, subject, at + 1), "from": float(value[at]), "to": float(value[at + 1])}


JUMPS = PerSeries(SPEC, examine, problem="value jumped", ok="no return is unusually large", spec_for=spec_for)
