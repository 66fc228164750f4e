"""Nulls: sessions that the source leaves empty, the first in a year too, and fields that bars used to have."""

from typing import Any

import numpy as np

from mktdash.domain.clock import MICROS_PER_DAY
from mktdash.domain.observation import BAR_FIELDS
from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.expected.missing_sessions import Explainer
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import recent_or_revised

# Sources that share one calendar close on a day of their own now and then: two sessions in 22 are no news.
SPEC = CheckSpec("nulls", "Nulls", "share empty", warn=0.1, fail=0.3)

_SHOWN = 5
# A month that its source never published is reported when it falls due, not for all of the thirty months judged.
_NEWS = 31 * MICROS_PER_DAY


def examine(context: CheckContext, subject: Subject) -> Finding:
    """The larger of two shares: due sessions declared empty, and recent bars that lack a field earlier bars had."""
    if context.slots is None or subject.filled is None:
        return Finding(Status.PASS)
    explainer = Explainer(context, context.slots)
    begun = explainer.due & explainer.begun(subject.series.id)
    empty = begun & explainer.absent(subject.series.id) & (subject.filled == 0)
    due = int(begun.sum())
    shares = [int(empty.sum()) / due if due else 0.0]
    detail: dict[str, Any] = {}
    if empty.any():
        detail["points"] = [{"at": context.slots.label[int(slot)]} for slot in np.flatnonzero(empty)[-_SHOWN:]]
    recent = recent_or_revised(context, subject.columns)
    for name in BAR_FIELDS:
        column = getattr(subject.columns, name)
        if column is None or not recent.any():
            continue
        lacking = np.isnan(column)
        share = float(lacking[recent].mean())
        # A field that half of the series' bars never had is no loss.
        if share and (recent.all() or float(lacking[~recent].mean()) < 0.5):  # noqa: PLR2004 - most of them
            shares.append(share)
            detail.setdefault("fields", {})[name] = round(share, 4)
    value = round(max(shares), 4)
    status = graded(SPEC, value)
    newly = empty & (context.slots.due > context.window_end - _NEWS)
    if status is Status.PASS and newly.any() and subject.series.id in context.rarely_empty:
        # No share to speak of, but the first in a year.
        status = Status.WARN
        detail["first_in_a_year"] = True
    return Finding(status, value, detail if status is not Status.PASS else {})


NULLS = PerSeries(SPEC, examine, problem="empty values", ok="no empty values")
