"""What PostgreSQL's options bring to the store's own statements: covering keys, BRIN, yearly partitions, fill factors.

The figures behind ``ops/decisions/0001``. ``MKTDASH_BENCH_SERIES`` and ``MKTDASH_BENCH_DAYS`` set the size.
"""

import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import numpy as np
from tests.factories.stores.postgres import postgres_binaries, running_postgres

from ops.bench.table import Figure

TITLE = "Layouts of PostgreSQL's tables"
SERIES = int(os.environ.get("MKTDASH_BENCH_SERIES", "400"))
DAYS = int(os.environ.get("MKTDASH_BENCH_DAYS", "5000"))
_DAY = 86_400_000_000
_COLUMNS = ("series_id", "as_of", "value", "open", "high", "low", "volume", "flags", "known_at", "batch_id")
_TABLE = """CREATE TABLE observation (series_id bigint NOT NULL, as_of bigint NOT NULL, value float8 NOT NULL,
 open float8, high float8, low float8, volume float8, flags bigint NOT NULL, known_at bigint NOT NULL,
 batch_id bigint NOT NULL"""
_KEY = ", PRIMARY KEY (series_id, as_of)"
_YEARS = "".join(
    f"CREATE TABLE observation_{n} PARTITION OF observation"
    f" FOR VALUES FROM ({n * 366 * _DAY}) TO ({(n + 1) * 366 * _DAY});"
    for n in range(25, 50)
)
_CHUNKS = (
    "CREATE TABLE observation_chunk (series_id bigint, period bigint, payload bytea, PRIMARY KEY (series_id, period))"
)
LAYOUTS = {
    "key alone": f"{_TABLE}{_KEY})",
    "key INCLUDE(value, flags, known_at)": f"{_TABLE}{_KEY} INCLUDE (value, flags, known_at))",
    "key + BRIN(as_of)": f"{_TABLE}{_KEY}); CREATE INDEX observation_brin ON observation USING brin (as_of)",
    "yearly partitions": f"{_TABLE}{_KEY}) PARTITION BY RANGE (as_of); {_YEARS}",
}


async def measure() -> list[Figure]:
    """Every layout with the same rows and statements, then ``latest`` and chunks with and without their settings."""
    binaries = postgres_binaries()
    if binaries is None:
        sys.exit("no PostgreSQL here")
    figures: list[Figure] = []
    with running_postgres(binaries) as socket:
        for name, statements in LAYOUTS.items():
            connection = await asyncpg.connect(host=socket, user="mktdash", database="postgres")
            try:
                figures += await _layout(connection, name, statements)
            finally:
                await connection.execute("DROP TABLE observation")
                await connection.close()
        connection = await asyncpg.connect(host=socket, user="mktdash", database="postgres")
        for fill in (100, 70, 50):
            figures += await _latest(connection, fill)
        for storage in ("EXTENDED", "EXTERNAL"):
            figures += await _chunks(connection, storage)
        for share in (0.2, 0.05):
            figures.append(await _churned(connection, share))
        await connection.close()
    return figures


async def _layout(connection: Any, name: str, statements: str) -> list[Figure]:
    await connection.execute(statements)
    started = time.perf_counter()
    for first in range(0, DAYS, 250):
        await connection.copy_records_to_table("observation", records=_rows(first, first + 250), columns=_COLUMNS)
    loaded = time.perf_counter() - started
    await connection.execute("VACUUM ANALYZE observation")
    fields = ", ".join(_COLUMNS[1:9])
    whole = f"SELECT {fields} FROM observation WHERE series_id = $1 ORDER BY as_of"  # noqa: S608 - fixed names
    short = "SELECT as_of, value, flags, known_at FROM observation WHERE series_id = $1 ORDER BY as_of"
    newest = "SELECT * FROM observation WHERE series_id = $1 ORDER BY as_of DESC LIMIT 2"
    one = "SELECT value, flags, known_at, batch_id FROM observation WHERE series_id = $1 AND as_of = $2"
    session = "SELECT series_id, value FROM observation WHERE as_of BETWEEN $1 AND $2"
    size = "SELECT sum(pg_indexes_size(oid)) FROM pg_class WHERE relname LIKE 'observation%' AND relkind IN ('r', 'p')"

    def timed(statement: str, *rest: int, n: int = 60) -> Awaitable[float]:
        return _timed(lambda at: connection.fetch(statement, at * 7 % SERIES, *rest), n)

    middle = (10_957 + DAYS // 2) * _DAY
    return [
        Figure(f"{name}: load", SERIES * DAYS / loaded / 1000, "k rows/s"),
        Figure(f"{name}: indexes", float(await connection.fetchval(size)) / 1e6, "MB"),
        Figure(f"{name}: a whole series, all fields", await timed(whole), "ms"),
        Figure(f"{name}: a whole series, 4 fields", await timed(short), "ms"),
        Figure(f"{name}: the newest two", await timed(newest, n=300), "ms"),
        Figure(f"{name}: one value", await timed(one, middle, n=300), "ms"),
        Figure(
            f"{name}: one session of all", await _timed(lambda _: connection.fetch(session, middle, middle), 10), "ms"
        ),
    ]


async def _latest(connection: Any, fill: int) -> list[Figure]:
    """A tick at a time into 2,000 rows with a tail of about a kilobyte: how many updates stay in their page."""
    await connection.execute(
        f"CREATE TABLE latest (series_id bigint PRIMARY KEY, as_of bigint, tail bytea) WITH (fillfactor = {fill},"
        " autovacuum_enabled = off)"
    )
    tail = np.random.default_rng(1).bytes(1200)
    await connection.executemany("INSERT INTO latest VALUES ($1, 0, $2)", [(n, tail) for n in range(2000)])
    update = "UPDATE latest SET as_of = as_of + 1, tail = $2 WHERE series_id = $1"
    started = time.perf_counter()
    for _ in range(5):
        await connection.executemany(update, [(n, tail) for n in range(2000)])
    seconds = time.perf_counter() - started
    query = (
        "SELECT n_tup_hot_upd::float8 / n_tup_upd, pg_table_size(relid) / 1e6"
        " FROM pg_stat_user_tables WHERE relname = 'latest'"
    )
    await connection.execute("SELECT pg_stat_force_next_flush()")
    hot, size = await connection.fetchrow(query)
    await connection.execute("DROP TABLE latest")
    return [
        Figure(f"latest, fill factor {fill}: updates", 10_000 / seconds / 1000, "k/s"),
        Figure(f"latest, fill factor {fill}: in their page", hot * 100, "%"),
        Figure(f"latest, fill factor {fill}: size", float(size), "MB"),
    ]


async def _chunks(connection: Any, storage: str) -> list[Figure]:
    """Chunks of a year of days, written and read; random walks, as prices are."""
    await connection.execute(_CHUNKS)
    await connection.execute(f"ALTER TABLE observation_chunk ALTER payload SET STORAGE {storage}")
    chance = np.random.default_rng(1)
    chunks = []
    for n in range(200):
        for year in range(20):
            as_of = (10_957 + year * 365 + np.arange(250, dtype=np.int64)) * _DAY
            value = np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.01, 250))), 4)
            flags = np.zeros(250, np.int64)
            chunks.append((n, year, as_of.tobytes() + value.tobytes() + flags.tobytes() + (as_of + 1).tobytes()))
    started = time.perf_counter()
    await connection.copy_records_to_table("observation_chunk", records=chunks)
    seconds = time.perf_counter() - started
    await connection.execute("VACUUM ANALYZE observation_chunk")
    read = "SELECT payload FROM observation_chunk WHERE series_id = $1 ORDER BY period"
    took = await _timed(lambda at: connection.fetch(read, at * 7 % 200), 300)
    size = await connection.fetchval("SELECT pg_table_size('observation_chunk')")
    await connection.execute("DROP TABLE observation_chunk")
    return [
        Figure(f"chunks, {storage}: write", len(chunks) / seconds / 1000, "k/s"),
        Figure(f"chunks, {storage}: a series of 5,000", took, "ms"),
        Figure(f"chunks, {storage}: size", float(size) / 1e6, "MB"),
    ]


async def _churned(connection: Any, share: float) -> Figure:
    """The size of 2,000 chunks that were all rewritten five times, vacuumed when such a share of them is dead."""
    await connection.execute(_CHUNKS)
    await connection.execute("ALTER TABLE observation_chunk ALTER payload SET STORAGE EXTERNAL")
    chance = np.random.default_rng(1)
    rows = [(n, 0, chance.bytes(8000)) for n in range(2000)]
    await connection.copy_records_to_table("observation_chunk", records=rows)
    step = int(2000 * share)
    for first in range(0, 10_000, step):
        some = [rows[n % 2000] for n in range(first, first + step)]
        await connection.execute("DELETE FROM observation_chunk WHERE series_id = ANY($1)", [n for n, *_ in some])
        await connection.copy_records_to_table("observation_chunk", records=some)
        await connection.execute("VACUUM observation_chunk")
    size = await connection.fetchval("SELECT pg_table_size('observation_chunk')")
    await connection.execute("DROP TABLE observation_chunk")
    return Figure(f"chunks rewritten, vacuumed at {share:.0%}: size (16 MB of payload)", float(size) / 1e6, "MB")


async def _timed(once: Callable[[int], Awaitable[object]], n: int) -> float:
    """The median of ``n`` runs in milliseconds, after three to warm up."""
    for at in range(3):
        await once(at)
    took = []
    for at in range(n):
        started = time.perf_counter()
        await once(at)
        took.append(time.perf_counter() - started)
    return float(np.median(took)) * 1000


def _rows(first: int, last: int) -> Iterator[tuple[Any, ...]]:
    """Days as they come: all series of a day, then the next."""
    for day in range(first, last):
        for series in range(SERIES):
            yield series, (10_957 + day) * _DAY, 100.0 + series + day / 7, None, None, None, None, 0, day, 1
