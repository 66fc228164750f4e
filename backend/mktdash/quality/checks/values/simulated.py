"""Simulated data shown as real, or real data shown as simulated: the dataset and each value must agree."""

import numpy as np

from mktdash.domain.flags import Flag
from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import name_point

SPEC = CheckSpec("simulated", "Simulated shown as real", "observations", warn=1, fail=1)

_SHOWN = 5


def examine(context: CheckContext, subject: Subject) -> Finding:
    """How many observations contradict the dataset's own flag; all of them are checked, however old."""
    marked = (subject.columns.flags & int(Flag.SIMULATED)) != 0
    wrong = np.flatnonzero(marked != context.dataset.simulated)
    if not len(wrong):
        return Finding(Status.PASS, 0.0)
    points = [{"at": name_point(context, subject, int(at))} for at in wrong[-_SHOWN:]]
    detail = {"dataset_simulated": context.dataset.simulated, "points": points}
    return Finding(graded(SPEC, len(wrong)), float(len(wrong)), detail)


SIMULATED = PerSeries(
    SPEC, examine, problem="values and dataset disagree on being simulated", ok="every value is flagged correctly"
)
