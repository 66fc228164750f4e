"""What subscribers hear of a batch: the changed points themselves where they are few, else only that there are many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.events import OBSERVATIONS, ObservationsChanged
from mktdash.domain.observation import Columns
from mktdash.ingest.difference import Difference
from mktdash.store.live.outbox import NewEvent, append_events

# More than a screenful of points is news to query for, not to push.
MAX_POINTS = 64


@dataclass(frozen=True, slots=True)
class PendingChange:
    """What changed in a series, as ``ObservationsChanged`` says it, before its transaction has made a version."""

    series_id: int
    points: Columns
    retracted: Sequence[int]
    truncated: bool


def change_of(series_id: int, difference: Difference) -> PendingChange:
    """What changed: the last points and withdrawals, if there are many."""
    changed = Columns.concat([difference.new, difference.revised])
    gone = difference.retracted.as_of.tolist()
    many = len(changed) > MAX_POINTS or len(gone) > MAX_POINTS
    return PendingChange(series_id, changed.take(slice(-MAX_POINTS, None)), gone[-MAX_POINTS:], many)


def unknown_change(series_id: int) -> PendingChange:
    """That something changed, where the points that a batch brought need not be the current ones."""
    return PendingChange(series_id, Columns.empty(), (), truncated=True)


async def announce(
    conn: AsyncConnection, changes: Iterable[PendingChange], *, version: int, known_at: int, now: int
) -> None:
    """Append what changed to the outbox, with the dataset's version that it made. Call it last in a transaction."""
    events = [
        ObservationsChanged(one.series_id, version, known_at, one.points, one.retracted, one.truncated)
        for one in changes
    ]
    await append_events(conn, [NewEvent(OBSERVATIONS, str(one.series_id), one.to_payload()) for one in events], now)
