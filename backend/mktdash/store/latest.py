"""The newest observation of each series, kept beside the data so that a watchlist costs one small read."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from mktdash.store.tables import Latest


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
    Latest.series_id,
    Latest.n,
    Latest.first_as_of,
    Latest.as_of,
    Latest.value,
    Latest.open,
    Latest.high,
    Latest.low,
    Latest.volume,
    Latest.flags,
    Latest.known_at,
    Latest.batch_id,
    Latest.previous_as_of,
    Latest.previous_value,
).where(col(Latest.n) > 0)


async def latest_by_series_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, LatestRow]:
    """The latest of each series; a series without observations is left out."""
    rows = (await conn.execute(_LATEST.where(col(Latest.series_id).in_(ids)))).all()
    return {row[0]: LatestRow(*row) for row in rows}
