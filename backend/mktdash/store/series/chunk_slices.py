"""Reading a series by the digests of its chunks: whoever has worked on a chunk before need not read it again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.interval import bucket_bounds, bucket_of
from mktdash.store.catalogue.instruments import SeriesRow
from mktdash.store.engine.driver_reads import fetch_all
from mktdash.store.engine.session import is_postgres

# Beyond every real bucket: years end at 9999, and sub-daily buckets count from 1970.
_NO_BUCKET = 1 << 40

_DIGESTS = (
    "SELECT bucket, digest FROM observation_chunk WHERE series_id = $1 AND bucket BETWEEN $2 AND $3"
    " UNION ALL SELECT 1099511627776, tail FROM latest WHERE series_id = $1 AND tail IS NOT NULL ORDER BY 1"
)
_PAYLOADS = "SELECT bucket, payload FROM observation_chunk WHERE series_id = $1 AND bucket "
_AMONG = {True: "= ANY($2::bigint[])", False: "IN (SELECT value FROM json_each($2))"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of a series between two instants.

    Attributes:
        bucket: names the chunk; None for the packed tail.
        content: the chunk's digest, or the tail's own bytes: it determines every observation in the run.
        start, end: set where the window cuts the run (microseconds, both included); None where it does not.
    """

    bucket: int | None
    content: bytes
    start: int | None
    end: int | None


async def read_stretches(
    conn: AsyncConnection, series: SeriesRow, *, start: int | None = None, end: int | None = None
) -> list[Stretch]:
    """What the current observations of a series between two instants consist of, ascending; nothing is unpacked."""
    low = -_NO_BUCKET if start is None else bucket_of(series.interval, start)
    high = _NO_BUCKET - 1 if end is None else bucket_of(series.interval, end)
    found = []
    for bucket, content in await fetch_all(conn, _DIGESTS, series.id, low, high):
        if bucket == _NO_BUCKET:
            found.append(Stretch(None, bytes(content), start, end))
            continue
        first, after = bucket_bounds(series.interval, bucket) if bucket in {low, high} else (0, 0)
        cut_start = start if bucket == low and start is not None and start > first else None
        cut_end = end if bucket == high and end is not None and end < after - 1 else None
        found.append(Stretch(bucket, bytes(content), cut_start, cut_end))
    return found


async def read_payloads(conn: AsyncConnection, series: SeriesRow, buckets: Collection[int]) -> Mapping[int, bytes]:
    """The packed chunks of some buckets, by bucket."""
    postgres = is_postgres(conn)
    wanted = list(buckets) if postgres else orjson.dumps(list(buckets)).decode()
    return {
        bucket: bytes(payload)
        for bucket, payload in await fetch_all(conn, _PAYLOADS + _AMONG[postgres], series.id, wanted)
    }
