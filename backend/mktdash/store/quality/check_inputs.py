"""What checks read in bulk, each in one statement: counts without values, how far series reach, twin series."""

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
import sqlalchemy.orm
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.engine.id_list import is_one_of
from mktdash.store.tables import ABSENCES, CHUNKS, INSTRUMENTS, LATEST, OBSERVATIONS, SERIES

_COMPARED = 4


class Member(NamedTuple):
    """What every check needs of a series. A tuple: a run after each ingest makes thousands of them."""

    id: int
    instrument_id: int
    symbol: str
    source: str
    interval: str


class Newest(NamedTuple):
    """How far the observations of a series reach. Times in microseconds. A tuple, as above."""

    series_id: int
    first_as_of: int
    as_of: int
    known_at: int
    n: int


_MEMBERS = (
    sa.select(
        SERIES.c.id,
        SERIES.c.instrument_id,
        INSTRUMENTS.c.symbol,
        SERIES.c.source,
        SERIES.c.interval,
        LATEST.c.first_as_of,
        LATEST.c.as_of,
        LATEST.c.known_at,
        LATEST.c.n,
    )
    .join(INSTRUMENTS, INSTRUMENTS.c.id == SERIES.c.instrument_id)
    .outerjoin(LATEST, sa.and_(LATEST.c.series_id == SERIES.c.id, LATEST.c.n > 0))
    .where(SERIES.c.dataset == sa.bindparam("dataset"))
)


async def members_of_dataset(conn: AsyncConnection, key: str) -> tuple[list[Member], dict[int, Newest]]:
    """The series of a dataset by symbol, and the reach of each that has observations."""
    rows = (await conn.execute(_MEMBERS, {"dataset": key})).all()
    members = [Member._make(row[:5]) for row in rows]
    members.sort(key=itemgetter(2, 3, 4, 0))
    return members, {row[0]: Newest(row[0], *row[5:9]) for row in rows if row[6] is not None}


async def absences_of_dataset(
    conn: AsyncConnection, key: str, start: int, end: int
) -> dict[int, list[tuple[int, int]]]:
    """By series, the runs (first and last instant) that the source declares empty and that touch start..end."""
    wanted = (
        sa.select(ABSENCES.c.series_id, ABSENCES.c.first_as_of, ABSENCES.c.last_as_of)
        .join(SERIES, SERIES.c.id == ABSENCES.c.series_id)
        .where(SERIES.c.dataset == key, ABSENCES.c.last_as_of >= start, ABSENCES.c.first_as_of <= end)
        .order_by(ABSENCES.c.series_id, ABSENCES.c.first_as_of)
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for series_id, first, last in (await conn.execute(wanted)).all():
        found.setdefault(series_id, []).append((first, last))
    return found


async def same_latest(conn: AsyncConnection, key: str, since: int) -> list[tuple[int, int]]:
    """The pairs of series of a dataset, of two instruments, whose newest two values are equal: (series id, other's id).

    Args:
        conn: a connection in a transaction.
        key: the dataset's.
        since: microseconds; series that ended before are left out.
    """
    ends = [SERIES.c.interval, *(LATEST.c[name] for name in ("as_of", "value", "previous_as_of", "previous_value"))]
    own = (SERIES.c.dataset == key, LATEST.c.as_of >= since, LATEST.c.previous_value.is_not(None))
    joined = SERIES.join(LATEST, LATEST.c.series_id == SERIES.c.id)
    alike = sa.select(*ends).select_from(joined).where(*own).group_by(*ends).having(sa.func.count() > 1)
    # Mostly there are none, and to count them costs a fraction of reading them all.
    if (await conn.execute(alike.limit(1))).first() is None:
        return []
    wanted = sa.select(SERIES.c.id, SERIES.c.instrument_id, *ends).select_from(joined).where(*own)
    groups: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    for series_id, instrument_id, *end in (await conn.execute(wanted.order_by(SERIES.c.id))).all():
        groups.setdefault(tuple(end), []).append((series_id, instrument_id))
    return [
        (one, other)
        for group in groups.values()
        # Of many that are alike the first few are compared with all.
        for n, (one, instrument_id) in enumerate(group[:_COMPARED])
        for other, other_instrument in group[n + 1 :]
        if instrument_id != other_instrument
    ]


async def sealed_chunk_digests(conn: AsyncConnection, series_id: int, before: int) -> list[tuple[int, bytes, int]]:
    """The chunks of a series before a chunk period, ascending: the period, the digest, the number of observations."""
    wanted = (
        sa.select(CHUNKS.c.period, CHUNKS.c.digest, CHUNKS.c.n)
        .where(CHUNKS.c.series_id == series_id, CHUNKS.c.period < before)
        .order_by(CHUNKS.c.period)
    )
    return [(int(period), bytes(digest), int(n)) for period, digest, n in (await conn.execute(wanted)).all()]


async def twin_ids(conn: AsyncConnection, key: str) -> list[tuple[int, int]]:
    """The daily series of a dataset that another source has too, and that one: (series id, other's id)."""
    other = sa.orm.aliased(SERIES)
    wanted = (
        sa.select(SERIES.c.id, other.c.id)
        .join(
            other,
            sa.and_(
                other.c.instrument_id == SERIES.c.instrument_id,
                other.c.measure == SERIES.c.measure,
                other.c.interval == SERIES.c.interval,
                other.c.adjustment == SERIES.c.adjustment,
                other.c.unit == SERIES.c.unit,
                other.c.source != SERIES.c.source,
            ),
        )
        .where(SERIES.c.dataset == key, SERIES.c.interval == "1d")
        .order_by(SERIES.c.id, other.c.id)
    )
    return [(int(own or 0), int(twin or 0)) for own, twin in (await conn.execute(wanted)).all()]


async def counts_by_period(
    conn: AsyncConnection, ids: Sequence[int], size: int, first: int, last: int
) -> dict[int, npt.NDArray[np.int64]]:
    """How many observations each series has in the chunk periods ``first`` to ``last``, of ``size`` microseconds each.

    A chunk has its count beside it. Holds for intervals whose chunks have that size.
    """
    counts: dict[int, npt.NDArray[np.int64]] = {}
    sealed = sa.select(CHUNKS.c.series_id, CHUNKS.c.period, CHUNKS.c.n).where(
        is_one_of(CHUNKS.c.series_id, ids),
        CHUNKS.c.period.between(first, last),
    )
    period = OBSERVATIONS.c.as_of // size
    live = (
        sa.select(OBSERVATIONS.c.series_id, period, sa.func.count())
        .join(LATEST, LATEST.c.series_id == OBSERVATIONS.c.series_id)
        .where(
            is_one_of(OBSERVATIONS.c.series_id, ids),
            OBSERVATIONS.c.as_of >= first * size,
            OBSERVATIONS.c.as_of < (last + 1) * size,
            sa.or_(LATEST.c.sealed_to.is_(None), OBSERVATIONS.c.as_of > LATEST.c.sealed_to),
        )
        .group_by(OBSERVATIONS.c.series_id, period)
    )
    for wanted in (sealed, live):
        for series_id, number, n in (await conn.execute(wanted)).all():
            row = counts.setdefault(series_id, np.zeros(last - first + 1, np.int64))
            row[number - first] += n
    return counts
