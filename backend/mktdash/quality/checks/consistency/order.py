"""Order of bars: bars in reverse order open near the next close, not near the previous one."""

from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.history.anomalies import reversed_bars
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import name_point, recent_or_revised

SPEC = CheckSpec("order", "Order of bars", "bars in reverse order", warn=1, fail=10)

_LOOKED_AT = 400


def examine(context: CheckContext, subject: Subject) -> Finding:
    """How many recent or revised bars are in reverse order."""
    columns = subject.columns.take(slice(-_LOOKED_AT, None))
    back = reversed_bars(columns)
    if back is None:
        return Finding(Status.PASS)
    places = back & recent_or_revised(context, subject.columns)[-_LOOKED_AT:]
    n = int(places.sum())
    if not n:
        return Finding(Status.PASS, 0.0)
    skipped = len(subject.columns) - len(columns)
    first, last = int(places.argmax()), len(places) - 1 - int(places[::-1].argmax())
    points = [
        {"since": name_point(context, subject, skipped + first), "at": name_point(context, subject, skipped + last)}
    ]
    return Finding(graded(SPEC, n), float(n), {"points": points})


ORDER = PerSeries(SPEC, examine, problem="bars in reverse order", ok="every bar opens near the previous close")
