"""Taking series back to what was known at an instant, so that a late batch can be told in its place in history."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.observation import BAR_FIELDS
from mktdash.store.compact import compact_series
from mktdash.store.tables import metadata
from mktdash.store.upkeep import look_up

OBSERVATIONS = metadata.tables["observation"]
REVISIONS = metadata.tables["observation_revision"]
LATEST = metadata.tables["latest"]
_ROW = ("series_id", "as_of", "value", *BAR_FIELDS, "flags", "known_at", "batch_id")


async def rewind(conn: AsyncConnection, series_ids: Sequence[int], instant: int) -> None:
    """Make what was known at an instant (microseconds, included) current again, and forget what was learned since.

    The batches and raw bytes that said it stay; whoever calls this tells them again, in the same transaction. The
    series must be locked (``store.holding.hold``).
    """
    ids = list(series_ids)
    await conn.execute(delete(OBSERVATIONS).where(OBSERVATIONS.c.series_id.in_(ids), OBSERVATIONS.c.known_at > instant))
    since = (REVISIONS.c.series_id.in_(ids), REVISIONS.c.superseded_at > instant)
    restored = select(*(REVISIONS.c[name] for name in _ROW)).where(*since, REVISIONS.c.known_at <= instant)
    await conn.execute(insert(OBSERVATIONS).from_select(list(_ROW), restored))
    await conn.execute(delete(REVISIONS).where(*since))
    for series_id in ids:
        n, _ = await compact_series(conn, series_id)
        values = {**await look_up(conn, series_id), "n": n, "said_at": instant}
        await conn.execute(update(LATEST).where(LATEST.c.series_id == series_id).values(values))
