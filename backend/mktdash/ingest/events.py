"""Makes the ``observations`` event of a batch: it carries the changed points where they are few."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mktdash.domain.observation import BAR_FIELDS, Columns
from mktdash.ingest.merge import Difference
from mktdash.store.catalogue.instruments import SeriesRow
from mktdash.store.live.outbox import NewEvent

# More than a screenful of points is to be queried, not pushed.
MAX_POINTS = 64


def change_event(series: SeriesRow, change: Difference, *, late: bool) -> NewEvent:
    """The event of what changed in a series, but for the version that its transaction will make.

    Of a ``late`` batch, which others with a later known-at may have overtaken, no points are pushed as current.
    """
    changed = Columns.concat([change.new, change.revised])
    pushed = changed.take(slice(0, 0) if late else slice(-MAX_POINTS, None))
    gone = [] if late else change.retracted.as_of.tolist()
    payload: dict[str, Any] = {
        "as_of": pushed.as_of.tolist(),
        "value": pushed.value.tolist(),
        "flags": pushed.flags.tolist(),
        "retracted": gone[-MAX_POINTS:],
        "truncated": late or len(changed) > MAX_POINTS or len(gone) > MAX_POINTS,
    }
    for name in BAR_FIELDS:
        bar = getattr(pushed, name)
        if bar is not None:
            payload[name] = [one if one == one else None for one in bar.tolist()]  # noqa: PLR0124 - the test for NaN
    return NewEvent(topic="observations", key=str(series.id), payload=payload)


def dated(events: Sequence[NewEvent], version: int, known_at: int) -> list[NewEvent]:
    """The events with the dataset's version and the instant at which they became known (microseconds)."""
    return [replace(one, payload=one.payload | {"data_version": version, "known_at": known_at}) for one in events]
