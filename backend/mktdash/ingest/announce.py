"""What subscribers hear of a batch: the changed points themselves where they are few, else only that there are many."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mktdash.domain.observation import BAR_FIELDS, Columns
from mktdash.ingest.merge import Difference
from mktdash.store.catalogue.instruments import SeriesRow
from mktdash.store.live.outbox import NewEvent

# More than a screenful of points is news to query for, not to push.
MAX_POINTS = 64


def news_of(series: SeriesRow, change: Difference, *, overtaken: bool) -> NewEvent:
    """An ``observations`` event of what changed in a series, but for the version that its transaction will make.

    A batch told late may be overtaken by what came after it, so its points are not pushed as if they were current.
    """
    changed = Columns.concat([change.new, change.revised])
    news = changed.take(slice(0, 0) if overtaken else slice(-MAX_POINTS, None))
    gone = [] if overtaken else change.retracted.as_of.tolist()
    payload: dict[str, Any] = {
        "as_of": news.as_of.tolist(),
        "value": news.value.tolist(),
        "flags": news.flags.tolist(),
        "retracted": gone[-MAX_POINTS:],
        "truncated": overtaken or len(changed) > MAX_POINTS or len(gone) > MAX_POINTS,
    }
    for name in BAR_FIELDS:
        bar = getattr(news, name)
        if bar is not None:
            payload[name] = [one if one == one else None for one in bar.tolist()]  # noqa: PLR0124 - the test for NaN
    return NewEvent(topic="observations", key=str(series.id), payload=payload)


def dated(news: Sequence[NewEvent], version: int, known_at: int) -> list[NewEvent]:
    """The events with the dataset's version and the instant at which they became known (microseconds)."""
    return [replace(one, payload=one.payload | {"data_version": version, "known_at": known_at}) for one in news]
