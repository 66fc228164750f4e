"""The newest observation of each series, kept beside the data so that a watchlist costs one small read."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.engine.driver_reads import fetch_all
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.engine.session import is_postgres
from mktdash.store.tables import LATEST, SERIES


class LatestRow(NamedTuple):
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


_FIELDS = ", ".join(LatestRow._fields)
_AMONG = {
    True: "series_id = ANY($1::bigint[])",
    False: "series_id IN (SELECT value FROM json_each($1))",
}
# From so many on, ids that stand close together are read as the range they stand in: a third of the time.
_FEWEST_FOR_A_RANGE = 200


async def latest_by_series_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, LatestRow]:
    """The latest of each series; a series without observations is left out."""
    wanted = f"SELECT {_FIELDS} FROM latest WHERE n > 0 AND "  # noqa: S608 - our own words
    is_one_of, postgres = set(ids), is_postgres(conn)
    least, most = (min(is_one_of), max(is_one_of)) if is_one_of else (0, 0)
    if len(is_one_of) >= _FEWEST_FOR_A_RANGE and most - least < 2 * len(is_one_of):
        found = await fetch_all(conn, f"{wanted} series_id BETWEEN $1 AND $2", least, most)
        if most - least >= len(is_one_of):
            found = [one for one in found if one[0] in is_one_of]
    else:
        listed = list(is_one_of) if postgres else orjson.dumps(list(is_one_of)).decode()
        found = await fetch_all(conn, wanted + _AMONG[postgres], listed)
    if postgres:
        # Named already, column by column as a LatestRow is.
        return {one[0]: cast("LatestRow", one) for one in found}
    row, new = LatestRow, tuple.__new__
    return {one[0]: new(row, one) for one in found}


async def newest_by_dataset(conn: AsyncConnection, keys: Sequence[str]) -> dict[str, int]:
    """The newest instant held in each dataset, microseconds UTC; a dataset that holds nothing is left out."""
    newest = (
        select(SERIES.c.dataset, func.max(LATEST.c.as_of))
        .join(LATEST, LATEST.c.series_id == SERIES.c.id)
        .where(is_one_of(SERIES.c.dataset, keys), LATEST.c.n > 0)
        .group_by(SERIES.c.dataset)
    )
    return dict((await conn.execute(newest)).all())
