"""Reading a series by the digests of its chunks: a chunk that was encoded before need not be read again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.interval import chunk_period_bounds, chunk_period_of
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.engine.driver_reads import fetch_all
from mktdash.store.engine.session import is_postgres

# Stands for the tail, beyond every chunk period: years end at 9999, and shorter periods count from 1970.
_TAIL_PERIOD = 1 << 40

_DIGESTS = (
    "SELECT period, digest FROM observation_chunk WHERE series_id = $1 AND period BETWEEN $2 AND $3"
    " UNION ALL SELECT 1099511627776, tail FROM latest WHERE series_id = $1 AND tail IS NOT NULL ORDER BY 1"
)
_PAYLOADS = "SELECT period, payload FROM observation_chunk WHERE series_id = $1 AND period "
_IS_ONE_OF = {True: "= ANY($2::bigint[])", False: "IN (SELECT value FROM json_each($2))"}


@dataclass(frozen=True, slots=True)
class ChunkSlice:
    """A chunk, or the tail, with where a window cuts it.

    Attributes:
        period: the chunk's period; None for the tail.
        content: the chunk's digest, or the tail's own bytes: it determines every observation in it.
        start, end: set where the window cuts it (microseconds, both included); None where it does not.
    """

    period: int | None
    content: bytes
    start: int | None
    end: int | None


async def read_chunk_slices(
    conn: AsyncConnection, series: SeriesRow, *, start: int | None = None, end: int | None = None
) -> list[ChunkSlice]:
    """What the current observations of a series between two instants consist of, ascending; nothing is decoded."""
    low = -_TAIL_PERIOD if start is None else chunk_period_of(series.interval, start)
    high = _TAIL_PERIOD - 1 if end is None else chunk_period_of(series.interval, end)
    found = []
    for period, content in await fetch_all(conn, _DIGESTS, series.id, low, high):
        if period == _TAIL_PERIOD:
            found.append(ChunkSlice(None, bytes(content), start, end))
            continue
        first, after = chunk_period_bounds(series.interval, period) if period in {low, high} else (0, 0)
        cut_start = start if period == low and start is not None and start > first else None
        cut_end = end if period == high and end is not None and end < after - 1 else None
        found.append(ChunkSlice(period, bytes(content), cut_start, cut_end))
    return found


async def read_chunk_payloads(
    conn: AsyncConnection, series: SeriesRow, periods: Collection[int]
) -> Mapping[int, bytes]:
    """The encoded chunks of some periods, by period."""
    postgres = is_postgres(conn)
    wanted = list(periods) if postgres else orjson.dumps(list(periods)).decode()
    return {
        period: bytes(payload)
        for period, payload in await fetch_all(conn, _PAYLOADS + _IS_ONE_OF[postgres], series.id, wanted)
    }
