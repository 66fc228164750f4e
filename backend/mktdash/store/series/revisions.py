"""What changed: each value that was superseded, with what came after it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.engine.id_list import is_one_of
from mktdash.store.engine.page import Page, read_page
from mktdash.store.tables import OBSERVATIONS, REVISIONS


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A change of one value. Times in microseconds.

    Attributes:
        known_at: when the old value was learned.
        superseded_at: when the change was learned.
        new_value: what replaced it; None where it was withdrawn.
    """

    series_id: int
    as_of: int
    known_at: int
    superseded_at: int
    old_value: float
    old_flags: int
    new_value: float | None
    new_flags: int | None


async def revisions_page(
    conn: AsyncConnection,
    series_ids: Sequence[int],
    *,
    since: int = 0,
    first: int = 50,
    after: tuple[int, int, int] | None = None,
) -> Page[RevisionRow]:
    """Changes learned at or after ``since`` (microseconds), newest first.

    ``after`` is (superseded_at, series_id, as_of) of the last one of the page before.
    """
    old = REVISIONS.alias("old")
    later = REVISIONS.alias("later")
    where = (
        is_one_of(old.c.series_id, series_ids),
        old.c.superseded_at >= since,
        old.c.superseded_at > old.c.known_at,
    )
    successor = and_(later.c.series_id == old.c.series_id, later.c.as_of == old.c.as_of)
    now = and_(OBSERVATIONS.c.series_id == old.c.series_id, OBSERVATIONS.c.as_of == old.c.as_of)
    wanted = (
        select(
            old.c.series_id,
            old.c.as_of,
            old.c.known_at,
            old.c.superseded_at,
            old.c.value,
            old.c.flags,
            func.coalesce(later.c.value, OBSERVATIONS.c.value),
            func.coalesce(later.c.flags, OBSERVATIONS.c.flags),
        )
        .outerjoin(later, and_(successor, later.c.known_at == old.c.superseded_at))
        .outerjoin(OBSERVATIONS, and_(now, OBSERVATIONS.c.known_at == old.c.superseded_at))
        .where(*where)
    )
    order = [(old.c.superseded_at, True), (old.c.series_id, False), (old.c.as_of, False)]
    counted = select(func.count()).select_from(old).where(*where)
    return await read_page(conn, wanted, RevisionRow, order, first=first, after=after, counted=counted)


async def history_digest(conn: AsyncConnection, series_ids: Sequence[int]) -> str:
    """A hash over everything that was superseded in these series, to tell whether a replay changed the past."""
    fields = ("series_id", "as_of", "known_at", "superseded_at", "value", "flags")
    wanted = select(*(REVISIONS.c[name] for name in fields)).where(is_one_of(REVISIONS.c.series_id, series_ids))
    ordered = wanted.order_by(REVISIONS.c.series_id, REVISIONS.c.as_of, REVISIONS.c.known_at)
    total = hashlib.sha256()
    for row in (await conn.execute(ordered)).all():
        total.update(repr(tuple(row)).encode())
    return total.hexdigest()
