"""Fewer points of the same shape: for a phone, 400 well-chosen points draw the same line as 5,000."""

from enum import Enum
from typing import Any

import numpy as np
import strawberry
from tsdownsample import LTTBDownsampler, MinMaxDownsampler

from mktdash.domain.observation import Columns, Int64Array

_ENDS = 2
_LTTB: Any = LTTBDownsampler()  # type: ignore[no-untyped-call]  # the package ships no types
_MIN_MAX: Any = MinMaxDownsampler()  # type: ignore[no-untyped-call]


@strawberry.enum(description="How to choose the points to keep where there are more than `maxPoints`.")
class Downsample(Enum):
    """The ways to thin a series out; the first and the last point always stay."""

    LTTB = strawberry.enum_value("LTTB", description="Largest triangle three buckets: keeps the shape of the line.")
    MIN_MAX = strawberry.enum_value(
        "MIN_MAX", description="The lowest and the highest of each section: keeps every spike."
    )


def thin_out(columns: Columns, most: int, how: Downsample) -> Columns:
    """At most ``most`` (two or more) of the points, each as it was: nothing is averaged."""
    if len(columns) <= most:
        return columns
    return columns.take(_chosen(columns, most, how))


def _chosen(columns: Columns, most: int, how: Downsample) -> Int64Array:
    ends = np.array([0, len(columns) - 1], np.int64)
    if most == _ENDS:
        return ends
    if how is Downsample.LTTB:
        return np.asarray(_LTTB.downsample(columns.as_of, columns.value, n_out=most), np.int64)
    pairs = (most - _ENDS) // 2 * 2
    if not pairs:
        return ends
    if pairs == _ENDS:
        # The library panics where one stretch is all there is.
        return np.union1d(ends, np.array([columns.value.argmin(), columns.value.argmax()], np.int64))
    return np.union1d(ends, np.asarray(_MIN_MAX.downsample(columns.as_of, columns.value, n_out=pairs), np.int64))
