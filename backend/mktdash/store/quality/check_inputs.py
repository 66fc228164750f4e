"""What checks read in bulk, each in one statement: counts without values, how far series reach, twin series."""

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
import sqlalchemy.orm
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from mktdash.store.engine.id_list import is_one_of
from mktdash.store.tables import Absence, Latest, Observation, ObservationChunk, Series, metadata

_SERIES = metadata.tables["series"]
_INSTRUMENTS = metadata.tables["instrument"]
_LATEST = metadata.tables["latest"]


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
        _SERIES.c.id,
        _SERIES.c.instrument_id,
        _INSTRUMENTS.c.symbol,
        _SERIES.c.source,
        _SERIES.c.interval,
        _LATEST.c.first_as_of,
        _LATEST.c.as_of,
        _LATEST.c.known_at,
        _LATEST.c.n,
    )
    .join(_INSTRUMENTS, _INSTRUMENTS.c.id == _SERIES.c.instrument_id)
    .outerjoin(_LATEST, sa.and_(_LATEST.c.series_id == _SERIES.c.id, _LATEST.c.n > 0))
    .where(_SERIES.c.dataset == sa.bindparam("dataset"))
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
        sa.select(col(Absence.series_id), col(Absence.first_as_of), col(Absence.last_as_of))
        .join(Series, col(Series.id) == col(Absence.series_id))
        .where(col(Series.dataset) == key, col(Absence.last_as_of) >= start, col(Absence.first_as_of) <= end)
        .order_by(col(Absence.series_id), col(Absence.first_as_of))
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
    ends = [_SERIES.c.interval, *(_LATEST.c[name] for name in ("as_of", "value", "previous_as_of", "previous_value"))]
    own = (_SERIES.c.dataset == key, _LATEST.c.as_of >= since, _LATEST.c.previous_value.is_not(None))
    joined = _SERIES.join(_LATEST, _LATEST.c.series_id == _SERIES.c.id)
    alike = sa.select(*ends).select_from(joined).where(*own).group_by(*ends).having(sa.func.count() > 1)
    # Mostly there are none, and to count them costs a fraction of reading them all.
    if (await conn.execute(alike.limit(1))).first() is None:
        return []
    wanted = sa.select(_SERIES.c.id, _SERIES.c.instrument_id, *ends).select_from(joined).where(*own)
    groups: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    for series_id, instrument_id, *end in (await conn.execute(wanted.order_by(_SERIES.c.id))).all():
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
        sa.select(col(ObservationChunk.period), col(ObservationChunk.digest), col(ObservationChunk.n))
        .where(col(ObservationChunk.series_id) == series_id, col(ObservationChunk.period) < before)
        .order_by(col(ObservationChunk.period))
    )
    return [(int(period), bytes(digest), int(n)) for period, digest, n in (await conn.execute(wanted)).all()]


async def twin_ids(conn: AsyncConnection, key: str) -> list[tuple[int, int]]:
    """The daily series of a dataset that another source has too, and that one: (series id, other's id)."""
    other = sa.orm.aliased(Series)
    wanted = (
        sa.select(col(Series.id), col(other.id))
        .join(
            other,
            sa.and_(
                col(other.instrument_id) == col(Series.instrument_id),
                col(other.measure) == col(Series.measure),
                col(other.interval) == col(Series.interval),
                col(other.adjustment) == col(Series.adjustment),
                col(other.unit) == col(Series.unit),
                col(other.source) != col(Series.source),
            ),
        )
        .where(col(Series.dataset) == key, col(Series.interval) == "1d")
        .order_by(col(Series.id), col(other.id))
    )
    return [(int(own or 0), int(twin or 0)) for own, twin in (await conn.execute(wanted)).all()]


async def counts_by_period(
    conn: AsyncConnection, ids: Sequence[int], size: int, first: int, last: int
) -> dict[int, npt.NDArray[np.int64]]:
    """How many observations each series has in the chunk periods ``first`` to ``last``, of ``size`` microseconds each.

    A chunk has its count beside it. Holds for intervals whose chunks have that size.
    """
    counts: dict[int, npt.NDArray[np.int64]] = {}
    sealed = sa.select(col(ObservationChunk.series_id), col(ObservationChunk.period), col(ObservationChunk.n)).where(
        is_one_of(conn, metadata.tables["observation_chunk"].c.series_id, ids),
        col(ObservationChunk.period).between(first, last),
    )
    period = col(Observation.as_of) // size
    live = (
        sa.select(col(Observation.series_id), period, sa.func.count())
        .join(Latest, col(Latest.series_id) == col(Observation.series_id))
        .where(
            is_one_of(conn, metadata.tables["observation"].c.series_id, ids),
            col(Observation.as_of) >= first * size,
            col(Observation.as_of) < (last + 1) * size,
            sa.or_(col(Latest.sealed_to).is_(None), col(Observation.as_of) > col(Latest.sealed_to)),
        )
        .group_by(col(Observation.series_id), period)
    )
    for wanted in (sealed, live):
        for series_id, number, n in (await conn.execute(wanted)).all():
            row = counts.setdefault(series_id, np.zeros(last - first + 1, np.int64))
            row[number - first] += n
    return counts
