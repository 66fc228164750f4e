"""The event of observations that changed: ingest makes it, the outbox carries it, subscriptions read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mktdash.domain.observation import BAR_FIELDS, Columns

OBSERVATIONS = "observations"


@dataclass(frozen=True, slots=True)
class ObservationsChanged:
    """What changed in one series in one transaction. Times in microseconds UTC.

    Attributes:
        series_id: the series, of whose measure the values are.
        data_version: the version of its dataset that the change made.
        known_at: when it became known.
        points: the new and the revised values, ascending; without known times of their own.
        retracted: the instants whose values were withdrawn.
        truncated: more changed than is carried here.
    """

    series_id: int
    data_version: int
    known_at: int
    points: Columns
    retracted: Sequence[int]
    truncated: bool

    def to_payload(self) -> dict[str, Any]:
        """The event as JSON, but for its series."""
        payload: dict[str, Any] = {
            "data_version": self.data_version,
            "known_at": self.known_at,
            "as_of": self.points.as_of.tolist(),
            "value": self.points.value.tolist(),
            "flags": self.points.flags.tolist(),
            "retracted": list(self.retracted),
            "truncated": self.truncated,
        }
        for name in BAR_FIELDS:
            bar = getattr(self.points, name)
            if bar is not None:
                payload[name] = [one if one == one else None for one in bar.tolist()]  # noqa: PLR0124 - the test for NaN
        return payload

    @classmethod
    def from_payload(cls, series_id: int, payload: Mapping[str, Any]) -> Self:
        """The event of a series from its JSON."""
        bars: dict[str, Any] = {name: np.array(payload[name], np.float64) for name in BAR_FIELDS if name in payload}
        points = Columns(
            as_of=np.array(payload["as_of"], np.int64),
            value=np.array(payload["value"], np.float64),
            flags=np.array(payload["flags"], np.int64),
            **bars,
        )
        return cls(
            series_id=series_id,
            data_version=payload["data_version"],
            known_at=payload["known_at"],
            points=points.take(np.argsort(points.as_of, kind="stable")),
            retracted=payload["retracted"],
            truncated=payload["truncated"],
        )
