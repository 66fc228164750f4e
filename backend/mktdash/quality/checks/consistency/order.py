"""Order: bars that open where the next one closed, not where the one before did, stand in reverse order."""

from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.history.anomalies import backwards
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import judged, name_point

SPEC = CheckSpec("order", "Order of bars", "bars in reverse order", warn=1, fail=10)

_LOOKED_AT = 400


def look(context: CheckContext, subject: Subject) -> Finding:
    """How many of the bars judged run backwards."""
    columns = subject.columns.take(slice(-_LOOKED_AT, None))
    back = backwards(columns)
    if back is None:
        return Finding(Status.PASS)
    places = back & judged(context, subject.columns)[-_LOOKED_AT:]
    n = int(places.sum())
    if not n:
        return Finding(Status.PASS, 0.0)
    skipped = len(subject.columns) - len(columns)
    first, last = int(places.argmax()), len(places) - 1 - int(places[::-1].argmax())
    points = [
        {"since": name_point(context, subject, skipped + first), "at": name_point(context, subject, skipped + last)}
    ]
    return Finding(graded(SPEC, n), float(n), {"points": points})


ORDER = PerSeries(SPEC, look, trouble="bars stand in reverse order", calm="each bar opens near the close before it")
