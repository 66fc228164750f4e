"""Taking series back to what was known at an instant, so that a late batch can be merged in its place in history."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.observation import BAR_FIELDS
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.series.chunk_upkeep import NOTHING, latest_from_rows
from mktdash.store.series.compact import compact_series
from mktdash.store.tables import CHUNKS, LATEST, OBSERVATIONS, REVISIONS

_ROW = ("series_id", "as_of", "value", *BAR_FIELDS, "flags", "known_at", "batch_id")


async def rewind(conn: AsyncConnection, series_ids: Sequence[int], instant: int) -> None:
    """Make what was known at an instant (microseconds, included) current again, and forget what was learned since.

    Their batches and raw files stay; the caller merges them again, in the same transaction. The
    series must be locked (``store.series.locking.lock_series``).
    """
    learned = is_one_of(OBSERVATIONS.c.series_id, series_ids), OBSERVATIONS.c.known_at > instant
    since = is_one_of(REVISIONS.c.series_id, series_ids), REVISIONS.c.superseded_at > instant
    changed = set((await conn.execute(select(OBSERVATIONS.c.series_id).where(*learned).distinct())).scalars())
    changed |= set((await conn.execute(select(REVISIONS.c.series_id).where(*since).distinct())).scalars())
    await conn.execute(delete(OBSERVATIONS).where(*learned))
    restored = select(*(REVISIONS.c[name] for name in _ROW)).where(*since, REVISIONS.c.known_at <= instant)
    await conn.execute(insert(OBSERVATIONS).from_select(list(_ROW), restored))
    await conn.execute(delete(REVISIONS).where(*since))
    left = select(OBSERVATIONS.c.series_id).where(is_one_of(OBSERVATIONS.c.series_id, changed)).distinct()
    filled = set((await conn.execute(left)).scalars())
    empty = changed - filled
    await conn.execute(delete(CHUNKS).where(is_one_of(CHUNKS.c.series_id, empty)))
    nothing = {**NOTHING, "n": 0, "sealed_to": None, "tail": None}
    await conn.execute(update(LATEST).where(is_one_of(LATEST.c.series_id, empty)).values(nothing))
    tips = await latest_from_rows(conn, filled)
    for series_id in sorted(filled):
        n, _ = await compact_series(conn, series_id)
        await conn.execute(update(LATEST).where(LATEST.c.series_id == series_id).values({**tips[series_id], "n": n}))
    await conn.execute(update(LATEST).where(is_one_of(LATEST.c.series_id, series_ids)).values(known_to=instant))
