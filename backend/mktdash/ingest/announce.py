"""What subscribers hear of a batch: the changed points themselves where they are few, else only that there are many."""

from collections.abc import Container, Sequence
from typing import Any

from mktdash.domain.observation import BAR_FIELDS, Columns
from mktdash.ingest.merge import Difference
from mktdash.store.events import NewEvent
from mktdash.store.instruments import SeriesRow

# More than a screenful of points is news to query for, not to push.
MAX_POINTS = 64


def announcements(
    changes: Sequence[tuple[SeriesRow, Difference]], late: Container[int], version: int, known_at: int
) -> list[NewEvent]:
    """An ``observations`` event for each series that changed.

    A batch told late may be overtaken by what came after it, so its points are not pushed as if they were current.
    """
    return [
        NewEvent(
            topic="observations",
            key=str(series.id),
            payload=_payload(change, version, known_at, overtaken=series.id in late),
        )
        for series, change in changes
    ]


def _payload(change: Difference, version: int, known_at: int, *, overtaken: bool) -> dict[str, Any]:
    changed = Columns.concat([change.new, change.revised])
    news = changed.take(slice(0, 0) if overtaken else slice(-MAX_POINTS, None))
    gone = [] if overtaken else change.retracted.as_of.tolist()
    payload: dict[str, Any] = {
        "as_of": news.as_of.tolist(),
        "value": news.value.tolist(),
        "flags": news.flags.tolist(),
        "retracted": gone[-MAX_POINTS:],
        "truncated": overtaken or len(changed) > MAX_POINTS or len(gone) > MAX_POINTS,
        "data_version": version,
        "known_at": known_at,
    }
    for name in BAR_FIELDS:
        bar = getattr(news, name)
        if bar is not None:
            payload[name] = [one if one == one else None for one in bar.tolist()]  # noqa: PLR0124 - the test for NaN
    return payload
