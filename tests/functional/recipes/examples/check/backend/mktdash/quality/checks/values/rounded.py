"""Rounded values: a series that had decimals and has none any more; they were cut off somewhere."""

import numpy as np

from mktdash.quality.base import CheckContext, CheckSpec, Finding, Status, Subject
from mktdash.quality.per_series import PerSeries, graded
from mktdash.quality.points import name_point

SPEC = CheckSpec("rounded", "Rounded values", "whole numbers in a row", warn=5, fail=20)


def examine(context: CheckContext, subject: Subject) -> Finding:
    """How many of the newest values are whole numbers, where values before them were not."""
    values = subject.columns.value
    with_decimals = np.flatnonzero(values != np.floor(values))
    if not len(with_decimals):
        # What never had decimals has lost none.
        return Finding(Status.PASS)
    last = int(with_decimals[-1])
    in_a_row = len(values) - 1 - last
    status = graded(SPEC, in_a_row)
    detail = {} if status is Status.PASS else {"points": [{"at": name_point(context, subject, last + 1)}]}
    return Finding(status, float(in_a_row), detail)


ROUNDED = PerSeries(SPEC, examine, problem="only whole numbers since", ok="values have the decimals they had")
