"""Where a series has no values for much longer than it usually has none: nothing is drawn there.

The rule and cases are those of the page (tests/golden/gaps.json).
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

_USUAL_SHARE = 0.98
_TIMES_THE_USUAL = 2
_FEWEST_STEPS = 4
# Of fewer steps the longest may be the gap itself, and is then no measure.
_ENOUGH_STEPS = 50


def gap_ends(days: Sequence[date]) -> frozenset[date]:
    """The days on which values come again after a gap; what is usual is read off the days themselves."""
    steps = [(later - earlier).days for earlier, later in pairwise(days)]
    if len(steps) < _FEWEST_STEPS:
        return frozenset()
    ordered = sorted(steps)
    usual = ordered[int((len(ordered) - 1) * _USUAL_SHARE)]
    if len(steps) < _ENOUGH_STEPS:
        usual = max(4 * ordered[len(ordered) // 2], ordered[-3])
    return frozenset(day for day, step in zip(days[1:], steps, strict=True) if step > _TIMES_THE_USUAL * usual)


def unbroken(
    days: Sequence[date], values: Sequence[float], ends: frozenset[date]
) -> Iterator[list[tuple[date, float]]]:
    """The stretches of a course between gaps; ``days`` may have been thinned out since ``ends`` were found."""
    stretch: list[tuple[date, float]] = []
    waiting = sorted(ends)
    for day, value in zip(days, values, strict=True):
        while waiting and waiting[0] <= day:
            waiting.pop(0)
            if stretch:
                yield stretch
            stretch = []
        stretch.append((day, value))
    if stretch:
        yield stretch
