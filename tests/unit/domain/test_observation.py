"""Columns of observations."""

import numpy as np
import pytest

from mktdash.domain.observation import Columns

TIMES = np.array([10, 20, 30], np.int64)
COLUMNS = Columns(as_of=TIMES, value=TIMES / 10, flags=np.zeros(3, np.int64))


@pytest.mark.parametrize(
    ("start", "end", "left"),
    [
        (None, None, [10, 20, 30]),
        (20, None, [20, 30]),
        (None, 20, [10, 20]),
        (20, 20, [20]),
        (11, 19, []),
        (31, None, []),
        (25, 15, []),
    ],
)
def test_between_two_instants_both_are_included(start, end, left):
    cut = COLUMNS.between(start, end)

    assert (cut.as_of.tolist(), cut.value.tolist()) == (left, [one / 10 for one in left])
