"""Repeats: every second value is the one before it again, as a feed at half its pace makes it."""

from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.history.anomalies import paired
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import judged, name_point

SPEC = CheckSpec("repeats", "Every second value repeated", "pairs in a row", warn=8, fail=10)

_LOOKED_AT = 400


def look(context: CheckContext, subject: Subject) -> Finding:
    """The pairs of the longest stretch that reaches into the observations judged."""
    recent = judged(context, subject.columns)[-_LOOKED_AT:]
    value = subject.columns.value[-_LOOKED_AT:]
    stretch = paired(value)
    if stretch is None or not recent[stretch].any():
        return Finding(Status.PASS, 0.0)
    pairs = (stretch.stop - stretch.start) // 2
    skipped = len(subject.columns) - len(value)
    ends = {"since": stretch.start, "at": stretch.stop - 1}
    points = [{name: name_point(context, subject, skipped + at) for name, at in ends.items()}]
    return Finding(graded(SPEC, pairs), float(pairs), {"points": points})


REPEATS = PerSeries(
    SPEC, look, trouble="every second value repeats the one before", calm="no series repeats every second value"
)
