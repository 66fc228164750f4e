"""Many observations as columns, and one as an object."""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import strawberry

from mktdash.domain.clock import from_micros
from mktdash.domain.flags import KNOWN_BITS, flag_names
from mktdash.domain.observation import BAR_FIELDS, Columns
from mktdash.graphql.columns.encoded_chunks import EncodedPoints
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on
from mktdash.graphql.vocabulary.from_row import lazily_from_row
from mktdash.graphql.vocabulary.scalars import FlagsColumn, FloatColumn, Instant, InstantColumn, MillisColumn
from mktdash.store.live.topic_versions import CATALOGUE, DATA
from mktdash.store.series.latest import LatestRow

_PERCENT = 100.0
_NOTHING = orjson.Fragment(b"[]")


@attributes_depend_on(DATA)
@strawberry.type(
    name="SeriesPoints",
    description="Observations as columns, oldest first: the same position in each belongs to the same observation.",
)
class PointsType:
    """Columns as they are sent."""

    as_of: InstantColumn = strawberry.field(description="The instant of each value, in UTC.")
    as_of_ms: MillisColumn = strawberry.field(description="The same instants as whole milliseconds since 1970.")
    value: FloatColumn = strawberry.field(description="The values; of bars, their closes.")
    open: FloatColumn | None = strawberry.field(
        description="Of bars, the first value; null where the series has no bars."
    )
    high: FloatColumn | None = strawberry.field(description="Of bars, the highest value.")
    low: FloatColumn | None = strawberry.field(description="Of bars, the lowest value.")
    volume: FloatColumn | None = strawberry.field(description="Of bars, the volume traded.")
    flags: FlagsColumn = strawberry.field(description="The quality flags of each observation.")
    count: int = strawberry.field(description="How many observations these are.")
    downsampled_from: int | None = strawberry.field(
        description="How many there were before downsampling; null without it."
    )

    @classmethod
    def from_columns(cls, columns: Columns, downsampled_from: int | None = None) -> "PointsType":
        """The columns as they are."""
        return cls(
            as_of=InstantColumn(columns.as_of),
            as_of_ms=MillisColumn(columns.as_of),
            value=FloatColumn(columns.value),
            open=None if columns.open is None else FloatColumn(columns.open),
            high=None if columns.high is None else FloatColumn(columns.high),
            low=None if columns.low is None else FloatColumn(columns.low),
            volume=None if columns.volume is None else FloatColumn(columns.volume),
            flags=FlagsColumn(columns.flags),
            count=len(columns),
            downsampled_from=downsampled_from,
        )

    @classmethod
    def from_encoded(cls, points: EncodedPoints) -> "PointsType":
        """Columns that are JSON already; those not asked for hold a neutral value, which nobody sees."""
        columns = points.columns
        bars = {name: None if (found := columns.get(name)) is None else FloatColumn(found) for name in BAR_FIELDS}
        return cls(
            as_of=InstantColumn(columns.get("asOf") or _NOTHING),
            as_of_ms=MillisColumn(columns.get("asOfMs") or _NOTHING),
            value=FloatColumn(columns.get("value") or _NOTHING),
            **bars,
            flags=FlagsColumn(columns.get("flags") or _NOTHING),
            count=points.n,
            downsampled_from=None,
        )


@attributes_depend_on(DATA)
@strawberry.type(name="Observation", description="One value at one instant, and the value before it.")
class ObservationType:
    """The newest observation of a series."""

    as_of: Instant = strawberry.field(description="The instant of the value.")
    session: str = strawberry.field(
        metadata=depends_on(CATALOGUE, DATA),
        description="The date of the value's session where it is quoted, as YYYY-MM-DD.",
    )
    value: float = strawberry.field(description="The value; of a bar, its close.")
    open: float | None = strawberry.field(description="Of a bar, its first value.")
    high: float | None = strawberry.field(description="Of a bar, its highest value.")
    low: float | None = strawberry.field(description="Of a bar, its lowest value.")
    volume: float | None = strawberry.field(description="Of a bar, the volume traded.")
    flags: list[str] = strawberry.field(description="Its quality flags.")
    known_at: Instant = strawberry.field(description="When this system learned it.")
    previous_value: float | None = strawberry.field(description="The value of the observation before.")
    change: float | None = strawberry.field(description="Value less previous value.")
    change_percent: float | None = strawberry.field(
        description="The change in percent of the previous value; null where that is zero."
    )

    @classmethod
    def from_row(cls, row: LatestRow, timezone: str) -> "ObservationType":
        """The latest of a series whose source dates its sessions in ``timezone``."""
        return _OBSERVATION(_Dated(row, timezone))

    @classmethod
    def from_columns(cls, series_id: int, columns: Columns, timezone: str) -> "ObservationType | None":
        """The last of the columns; None where they are empty."""
        if not len(columns):
            return None
        last, n = len(columns) - 1, len(columns)
        bars = {
            name: None if column is None or np.isnan(column[last]) else float(column[last])
            for name, column in (
                ("open", columns.open),
                ("high", columns.high),
                ("low", columns.low),
                ("volume", columns.volume),
            )
        }
        row = LatestRow(
            series_id=series_id,
            n=n,
            first_as_of=int(columns.as_of[0]),
            as_of=int(columns.as_of[last]),
            value=float(columns.value[last]),
            **bars,
            flags=int(columns.flags[last]),
            known_at=int(columns.known_at[last]) if columns.known_at is not None else 0,
            batch_id=0,
            previous_as_of=int(columns.as_of[last - 1]) if last else None,
            previous_value=float(columns.value[last - 1]) if last else None,
        )
        return cls.from_row(row, timezone)


def _rounded(difference: float) -> float:
    # 1.0872 - 1.0871 is 0.00009999999999998899; sources do not quote that many digits.
    return float(f"{difference:.12g}")


@lru_cache(4096)
def session_of(as_of: int, timezone: str) -> str:
    """The local date of an instant where its source is, as YYYY-MM-DD."""
    return from_micros(as_of).astimezone(ZoneInfo(timezone)).date().isoformat()


def _change(row: LatestRow) -> float | None:
    return None if row.previous_value is None else _rounded(row.value - row.previous_value)


def _change_percent(row: LatestRow) -> float | None:
    change = _change(row)
    return _rounded(change / abs(row.previous_value) * _PERCENT) if change is not None and row.previous_value else None


class _Dated(NamedTuple):
    """A row and the time zone in which its source dates its sessions."""

    row: LatestRow
    timezone: str


_OBSERVATION = lazily_from_row(
    ObservationType,
    {
        "session": lambda of: session_of(of.row.as_of, of.timezone),
        "flags": lambda of: flag_names(of.row.flags),
        "change": lambda of: _change(of.row),
        "change_percent": lambda of: _change_percent(of.row),
    },
    within="row",
)


def flag_counts(columns: Columns) -> dict[str, int]:
    """How many observations carry each flag that occurs."""
    masks, times = np.unique(columns.flags, return_counts=True)
    return named_counts(dict(zip(masks.tolist(), times.tolist(), strict=True)))


def named_counts(masks: Mapping[int, int]) -> dict[str, int]:
    """How many observations carry each flag, by how many carry each bitmask."""
    counts: Counter[str] = Counter()
    for mask, n in masks.items():
        counts.update(dict.fromkeys(flag_names(mask), n))
    return {name: counts[name] for name in flag_names(KNOWN_BITS) if name in counts}
