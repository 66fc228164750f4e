"""The newest observation of each series, kept beside the data so that a watchlist costs one small read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.among import among
from mktdash.store.tables import metadata

LATEST = metadata.tables["latest"]


@dataclass(frozen=True, slots=True)
class LatestRow:
    """The newest observation of a series, the one before it, and how many there are. Times in microseconds."""

    series_id: int
    n: int
    first_as_of: int
    as_of: int
    value: float
    open: float | None
    high: float | None
    low: float | None
    volume: float | None
    flags: int
    known_at: int
    batch_id: int
    previous_as_of: int | None
    previous_value: float | None


_LATEST = select(
    LATEST.c.series_id,
    LATEST.c.n,
    LATEST.c.first_as_of,
    LATEST.c.as_of,
    LATEST.c.value,
    LATEST.c.open,
    LATEST.c.high,
    LATEST.c.low,
    LATEST.c.volume,
    LATEST.c.flags,
    LATEST.c.known_at,
    LATEST.c.batch_id,
    LATEST.c.previous_as_of,
    LATEST.c.previous_value,
).where(LATEST.c.n > 0)


def _row(row: Sequence[Any]) -> LatestRow:
    return LatestRow(*row)


async def latest_by_series_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, LatestRow]:
    """The latest of each series; a series without observations is left out."""
    rows = (await conn.execute(_LATEST.where(among(conn, LATEST.c.series_id, ids)))).all()
    return {row.series_id: row for row in map(_row, rows)}


async def newest_by_dataset(conn: AsyncConnection, keys: Sequence[str]) -> dict[str, int]:
    """The newest instant held in each dataset, microseconds UTC; a dataset that holds nothing is left out."""
    series = metadata.tables["series"]
    rows = await conn.execute(
        select(series.c.dataset, func.max(LATEST.c.as_of))
        .join(LATEST, LATEST.c.series_id == series.c.id)
        .where(series.c.dataset.in_(keys), LATEST.c.n > 0)
        .group_by(series.c.dataset)
    )
    return {key: as_of for key, as_of in rows.all()}  # noqa: C416  # rows are no pairs to dict(), as typed
