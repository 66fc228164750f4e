"""Repeats: every second value repeats the one before it, as a feed at half its rate sends them."""

from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.history.anomalies import repeated_pairs
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import name_point, recent_or_revised

SPEC = CheckSpec("repeats", "Every second value repeated", "pairs in a row", warn=8, fail=10)

_LOOKED_AT = 400


def examine(context: CheckContext, subject: Subject) -> Finding:
    """How many pairs the longest run has that reaches into recent or revised observations."""
    recent = recent_or_revised(context, subject.columns)[-_LOOKED_AT:]
    value = subject.columns.value[-_LOOKED_AT:]
    stretch = repeated_pairs(value)
    if stretch is None or not recent[stretch].any():
        return Finding(Status.PASS, 0.0)
    pairs = (stretch.stop - stretch.start) // 2
    skipped = len(subject.columns) - len(value)
    ends = {"since": stretch.start, "at": stretch.stop - 1}
    points = [{name: name_point(context, subject, skipped + at) for name, at in ends.items()}]
    return Finding(graded(SPEC, pairs), float(pairs), {"points": points})


REPEATS = PerSeries(
    SPEC, examine, problem="every second value repeats the one before it", ok="no series repeats every second value"
)
