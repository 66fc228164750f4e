"""What each batch changed of what was known before: counted in the store, so that only the series touched are read."""

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.engine.id_list import is_one_of
from mktdash.store.tables import BATCHES, LATEST, REVISIONS


class BatchBrief(NamedTuple):
    """A batch that superseded values. Times in microseconds."""

    id: int
    known_at: int
    finished_at: int


class Superseded(NamedTuple):
    """How many values of a series a batch superseded, and the first and last instant they hold at, microseconds."""

    series_id: int
    n: int
    first: int
    last: int


async def newest_settled_batch(conn: AsyncConnection, dataset: str, since: int) -> int:
    """The newest batch of a dataset before which none is at work; 0 where there is none.

    One begun before ``since`` (microseconds) and still unfinished was interrupted: nothing waits for it.
    """
    own = BATCHES.c.dataset == dataset
    open_ = sa.select(sa.func.min(BATCHES.c.id)).where(own, ~BATCHES.c.finished, BATCHES.c.started_at > since)
    newest = sa.select(sa.func.max(BATCHES.c.id)).where(own)
    first_open = (await conn.execute(open_)).scalar_one()
    if first_open is not None:
        return int(first_open) - 1
    return int((await conn.execute(newest)).scalar_one() or 0)


async def first_since(conn: AsyncConnection, dataset: str, after: int, upto: int) -> int | None:
    """The earliest known time, microseconds, of the batches with ids above ``after`` up to ``upto``; None of none.

    A batch that became known before others is told in its place, and those others after it once more.
    """
    own = (BATCHES.c.dataset == dataset, BATCHES.c.id > after, BATCHES.c.id <= upto)
    first = (await conn.execute(sa.select(sa.func.min(BATCHES.c.known_at)).where(*own))).scalar_one()
    return None if first is None else int(first)


async def superseding_batches(  # noqa: PLR0917  # a connection and four bounds
    conn: AsyncConnection, dataset: str, known_from: int, upto: int, since: int, n: int
) -> list[BatchBrief]:
    """The batches known from an instant on that superseded anything, newest first.

    Args:
        conn: a connection in a transaction.
        dataset: its key.
        known_from: microseconds.
        upto: the last id.
        since: microseconds; batches that were merged before are left out, whatever their known time.
        n: at most so many.
    """
    changed = sa.exists().where(
        REVISIONS.c.superseded_at == BATCHES.c.known_at, REVISIONS.c.superseded_by == BATCHES.c.id
    )
    wanted = (
        sa.select(*(BATCHES.c[name] for name in BatchBrief._fields))
        .where(
            BATCHES.c.dataset == dataset,
            BATCHES.c.known_at >= known_from,
            BATCHES.c.id <= upto,
            BATCHES.c.finished_at >= since,
            changed,
        )
        .order_by(BATCHES.c.known_at.desc(), BATCHES.c.id.desc())
        .limit(n)
    )
    return [BatchBrief._make(row) for row in (await conn.execute(wanted)).all()]


async def superseded_by(conn: AsyncConnection, batch: BatchBrief) -> list[Superseded]:
    """What a batch superseded, by series, the most first."""
    n = sa.func.count().label("n")
    wanted = (
        sa.select(REVISIONS.c.series_id, n, sa.func.min(REVISIONS.c.as_of), sa.func.max(REVISIONS.c.as_of))
        .where(REVISIONS.c.superseded_at == batch.known_at, REVISIONS.c.superseded_by == batch.id)
        .group_by(REVISIONS.c.series_id)
        .order_by(n.desc(), REVISIONS.c.series_id)
    )
    return [Superseded._make(row) for row in (await conn.execute(wanted)).all()]


async def earlier_changes(conn: AsyncConnection, ids: Collection[int], before: int) -> dict[int, list[int]]:
    """By series, how many values each batch known before an instant superseded."""
    wanted = (
        sa.select(REVISIONS.c.series_id, sa.func.count())
        .where(is_one_of(REVISIONS.c.series_id, ids), REVISIONS.c.superseded_at < before)
        .group_by(REVISIONS.c.series_id, REVISIONS.c.superseded_at)
    )
    found: dict[int, list[int]] = {}
    for series_id, n in (await conn.execute(wanted)).all():
        found.setdefault(series_id, []).append(n)
    return found


async def count_known(conn: AsyncConnection, ids: Collection[int]) -> dict[int, int]:
    """How many values each series has now."""
    latest = LATEST
    wanted = sa.select(latest.c.series_id, latest.c.n).where(is_one_of(latest.c.series_id, ids))
    return {row[0]: row[1] for row in (await conn.execute(wanted)).all()}
