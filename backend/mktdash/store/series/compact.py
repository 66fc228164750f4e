"""Compaction: the chunks of a series rebuilt from its rows, its tail sealed, and the digests proved equal."""

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.catalogue.series import series_by_ids
from mktdash.store.series.check import rows_as_columns
from mktdash.store.series.chunks import digest_of, encode_chunk
from mktdash.store.series.locking import lock_series
from mktdash.store.series.reading import split_by_period
from mktdash.store.tables import CHUNKS, LATEST


async def compact_series(conn: AsyncConnection, series_id: int) -> tuple[int, bool]:
    """Rebuild the chunks of a series from its rows and seal its whole tail.

    Returns how many observations it has, and whether the digests it had before are proved unchanged. The series' row of
    ``latest`` is locked first, so that no batch changes it meanwhile.
    """
    series = (await series_by_ids(conn, [series_id]))[series_id]
    await lock_series(conn, [series_id])
    rows = await rows_as_columns(conn, series_id)
    before = {
        period: (digest, last_as_of)
        for period, digest, last_as_of in (
            await conn.execute(
                select(CHUNKS.c.period, CHUNKS.c.digest, CHUNKS.c.last_as_of).where(CHUNKS.c.series_id == series_id)
            )
        ).all()
    }
    chunks = []
    equal = True
    for period, columns in split_by_period(series.interval, rows):
        chunk = encode_chunk(columns)
        chunks.append(
            {
                "series_id": series_id,
                "period": period,
                "n": chunk.n,
                "last_as_of": chunk.last_as_of,
                "digest": chunk.digest,
                "payload": chunk.payload,
            }
        )
        if period in before:
            digest, last_as_of = before.pop(period)
            equal &= digest_of(columns.take(columns.as_of <= last_as_of)) == digest
    equal &= not before
    await conn.execute(delete(CHUNKS).where(CHUNKS.c.series_id == series_id))
    if chunks:
        await conn.execute(insert(CHUNKS), chunks)
    sealed_to = int(rows.as_of[-1]) if len(rows) else None
    await conn.execute(update(LATEST).where(LATEST.c.series_id == series_id).values(sealed_to=sealed_to, tail=None))
    return len(rows), equal
