"""Reading series as columns: chunks for what is sealed, the tail, revisions for what was known before."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.interval import chunk_period_bounds, chunk_period_of
from mktdash.domain.observation import BAR_FIELDS, Columns
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.engine.driver_reads import fetch_all
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.series.chunks import decode_chunk, decode_chunks, digest_of
from mktdash.store.tables import CHUNKS, LATEST

# Years 1 and 9999 are the bounds of all dates; shorter periods count from 1970 and stay far below this.
_TAIL_PERIOD = 1 << 40

# Conditions of one statement; series of one interval mostly end in one period.
_PERIODS_AT_ONCE = 100
# The tail comes last: its period is beyond every real one.
_CHUNKS_AND_TAIL = (
    "SELECT period, payload FROM observation_chunk WHERE series_id = $1 AND period BETWEEN $2 AND $3"
    " UNION ALL SELECT 1099511627776, tail FROM latest WHERE series_id = $1 AND tail IS NOT NULL"
)
_CURRENT = f"{_CHUNKS_AND_TAIL} ORDER BY 1"
_SUPERSEDED_LATER = "FROM observation_revision WHERE series_id = $1 AND known_at <= $4 AND superseded_at > $4"
# A last row without bytes says that there are superseded values to ask for; most series have none.
_AS_KNOWN_AT = (
    f"{_CHUNKS_AND_TAIL} UNION ALL SELECT 1099511627777, NULL WHERE EXISTS (SELECT 1 {_SUPERSEDED_LATER}) ORDER BY 1"
)
_SUPERSEDED = (
    "SELECT as_of, value, open, high, low, volume, flags, known_at FROM observation_revision"
    " WHERE series_id = $1 AND known_at <= $2 AND superseded_at > $2 ORDER BY as_of"
)


@dataclass(frozen=True, slots=True)
class ChunkDigest:
    """The content hash of one chunk of one series, the same on every engine."""

    series_key: str
    period: int
    digest: bytes


async def read_columns(
    conn: AsyncConnection,
    series: SeriesRow,
    *,
    start: int | None = None,
    end: int | None = None,
    as_known_at: int | None = None,
) -> Columns:
    """The observations of a series, ascending; ``start`` and ``end`` (microseconds) are both included.

    With ``as_known_at`` they are what this system knew at that instant: later values are left out, and values that
    have been revised or withdrawn since are back.
    """
    low = -_TAIL_PERIOD if start is None else chunk_period_of(series.interval, start)
    high = _TAIL_PERIOD if end is None else chunk_period_of(series.interval, end)
    if as_known_at is None:
        rows = await fetch_all(conn, _CURRENT, series.id, low, high)
        return decode_chunks([payload for _, payload in rows]).between(start, end)
    rows = await fetch_all(conn, _AS_KNOWN_AT, series.id, low, high, as_known_at)
    columns = decode_chunks([payload for _, payload in rows if payload is not None])
    if columns.known_at is not None and len(columns) and int(columns.known_at.max()) > as_known_at:
        columns = columns.take(columns.known_at <= as_known_at)
    if rows and rows[-1][1] is None:
        superseded = columns_from_rows(await fetch_all(conn, _SUPERSEDED, series.id, as_known_at))
        columns = Columns.concat([columns, superseded])
        columns = columns.take(np.argsort(columns.as_of, kind="stable"))
    return columns.between(start, end)


async def read_recent(conn: AsyncConnection, series: Sequence[SeriesRow], n: int) -> dict[int, Columns]:
    """The last ``n`` observations of many series, in two statements unless they end in very many different periods.

    Periods are sized for thousands of points: the newest two chunks of a series hold the last ``n`` of a sparkline.
    """
    ids = [one.id for one in series]
    intervals = {one.id: one.interval for one in series}
    ends = select(LATEST.c.series_id, LATEST.c.sealed_to, LATEST.c.tail).where(is_one_of(LATEST.c.series_id, ids))
    newest = defaultdict(list)
    tails = {}
    for series_id, sealed_to, tail in (await conn.execute(ends)).all():
        if sealed_to is not None:
            newest[chunk_period_of(intervals[series_id], sealed_to)].append(series_id)
        if tail is not None:
            tails[series_id] = decode_chunk(tail)
    parts: dict[int, list[Columns]] = defaultdict(list)
    periods = list(newest.items())
    for at in range(0, len(periods), _PERIODS_AT_ONCE):
        wanted = or_(
            *(
                and_(is_one_of(CHUNKS.c.series_id, members), CHUNKS.c.period.between(period - 1, period))
                for period, members in periods[at : at + _PERIODS_AT_ONCE]
            )
        )
        chunks = select(CHUNKS.c.series_id, CHUNKS.c.payload).where(wanted)
        for series_id, payload in (await conn.execute(chunks.order_by(CHUNKS.c.series_id, CHUNKS.c.period))).all():
            parts[series_id].append(decode_chunk(payload))
    for series_id, tail in tails.items():
        parts[series_id].append(tail)
    return {series_id: Columns.concat(found).take(slice(-n, None)) for series_id, found in parts.items()}


async def read_tails(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Columns]:
    """The observations that no chunk holds yet, of the series that have any."""
    wanted = select(LATEST.c.series_id, LATEST.c.tail).where(
        is_one_of(LATEST.c.series_id, ids), LATEST.c.tail.is_not(None)
    )
    return {series_id: decode_chunk(tail) for series_id, tail in (await conn.execute(wanted)).all()}


async def read_chunk_digests(
    conn: AsyncConnection, series: Sequence[SeriesRow], *, as_known_at: int | None = None
) -> list[ChunkDigest]:
    """The chunk digests of series, by series and period; a tail counts with the chunk of its period."""
    if as_known_at is not None:
        chunks = []
        for one in series:
            chunks += chunk_digests_of(one, await read_columns(conn, one, as_known_at=as_known_at))
        return sorted(chunks, key=_digest_order)
    by_id = {one.id: one for one in series}
    stored = select(CHUNKS.c.series_id, CHUNKS.c.period, CHUNKS.c.digest).where(is_one_of(CHUNKS.c.series_id, by_id))
    digests = {(row[0], row[1]): row[2] for row in (await conn.execute(stored)).all()}
    for series_id, tail in (await read_tails(conn, list(by_id))).items():
        one = by_id[series_id]
        # A tail may continue a period whose earlier part is sealed: the digest is over both.
        start, _ = chunk_period_bounds(one.interval, chunk_period_of(one.interval, int(tail.as_of[0])))
        for found in chunk_digests_of(one, await read_columns(conn, one, start=start)):
            digests[series_id, found.period] = found.digest
    return sorted(
        (ChunkDigest(by_id[series_id].key, period, digest) for (series_id, period), digest in digests.items()),
        key=_digest_order,
    )


def chunk_digests_of(series: SeriesRow, columns: Columns) -> list[ChunkDigest]:
    """The digests of columns that begin and end with a chunk period."""
    return [
        ChunkDigest(series.key, period, digest_of(part)) for period, part in split_by_period(series.interval, columns)
    ]


def split_by_period(interval: str, columns: Columns) -> Iterable[tuple[int, Columns]]:
    """Ascending columns, split where a chunk period ends."""
    at = 0
    while at < len(columns):
        period = chunk_period_of(interval, int(columns.as_of[at]))
        stop = int(np.searchsorted(columns.as_of, chunk_period_bounds(interval, period)[1], "left"))
        yield period, columns.take(slice(at, stop))
        at = stop


def snapshot_id(chunks: Iterable[ChunkDigest]) -> str:
    """The hash over all chunk digests: the same data have the same id on every engine, in whatever order."""
    total = hashlib.sha256()
    for one in sorted(chunks, key=_digest_order):
        total.update(f"{one.series_key}|{one.period}|{one.digest.hex()}\n".encode())
    return total.hexdigest()


def _digest_order(one: ChunkDigest) -> tuple[str, int]:
    return one.series_key, one.period


def columns_from_rows(rows: Sequence[Row[Any] | Sequence[Any]]) -> Columns:
    """Columns from rows of (as_of, value, open, high, low, volume, flags, known_at); for a few rows, not a series."""
    if not rows:
        return Columns.empty()
    as_of, value, open_, high, low, volume, flags, known_at = zip(*rows, strict=True)
    bars = {
        name: None if all(one is None for one in column) else np.array(column, np.float64)
        for name, column in zip(BAR_FIELDS, (open_, high, low, volume), strict=True)
    }
    return Columns(
        as_of=np.array(as_of, np.int64),
        value=np.array(value, np.float64),
        flags=np.array(flags, np.int64),
        known_at=np.array(known_at, np.int64),
        **bars,
    )
