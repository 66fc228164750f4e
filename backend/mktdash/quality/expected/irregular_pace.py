"""How often an irregular series has a value, by its own past gaps: it has no calendar."""

from dataclasses import dataclass

import numpy as np

from mktdash.domain.observation import Int64Array

# Of the newest gaps so many count: what a source did years ago says little of what it does now.
GAPS = 60
FEWEST_GAPS = 5


@dataclass(frozen=True, slots=True)
class Pace:
    """The gaps between the newest values of a series.

    Attributes:
        gaps: how many were counted.
        longest: the longest of them, microseconds.
    """

    gaps: int
    longest: int


def pace_of(as_of: Int64Array) -> Pace | None:
    """The pace of a series whose observations are at these instants, ascending; None where too few are there."""
    gaps = np.diff(as_of[-GAPS - 1 :])
    return Pace(len(gaps), int(gaps.max())) if len(gaps) >= FEWEST_GAPS else None
