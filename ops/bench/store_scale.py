"""The store at 10 million rows (2,000 series of 5,000 days) on both engines, against the bare drivers and DuckDB.

``MKTDASH_BENCH_SERIES`` and ``MKTDASH_BENCH_DAYS`` make it smaller for a look.
"""

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
import duckdb
import numpy as np
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.factories.stores.postgres import postgres_binaries, running_postgres

from mktdash.domain.clock import MICROS_PER_DAY
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.domain.observation import Columns
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.base import Parsed, ParsedSeries, Policy, RawPayload
from mktdash.store.catalogue.series import series_by_symbol, series_of_dataset
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.series.latest import latest_by_series_ids
from mktdash.store.series.reading import read_columns
from mktdash.store.series.writing import FIELDS
from ops.bench.table import Figure

TITLE = "The store at 10 million rows"
SERIES = int(os.environ.get("MKTDASH_BENCH_SERIES", "2000"))
DAYS = int(os.environ.get("MKTDASH_BENCH_DAYS", "5000"))
_PIECE = 40
_KNOWN = datetime(2025, 1, 2, tzinfo=UTC)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_FIRST_DAY = 10_957
_READS = 200


class Walks:
    """A source of random walks, one series each; every value is a function of its place, so a replay says the same."""

    name = "walks"
    policy = Policy()
    datasets = (DatasetSpec("walks", "Random walks", "walks", "24/7", "UTC", "00:00", 0, 3600),)

    async def fetch(self, *_: object) -> AsyncIterator[RawPayload]:
        """Nothing to fetch."""
        for payload in ():
            yield payload

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Pieces of so many series; the body says which to which."""
        with payload.open() as stream:
            low, high, first, last = map(int, stream.read().split())
        for start in range(low, high, _PIECE):
            yield Parsed(
                [ParsedSeries(f"W{n:05d}", walk(n, first, last)) for n in range(start, min(start + _PIECE, high))]
            )

    def describe(self, dataset: str, alias: str) -> SeriesSpec:
        """Every walk is known."""
        return SeriesSpec(InstrumentSpec(alias, alias, AssetClass.INDEX), dataset, alias, Measure.INDEX, "1d", "index")


def walk(n: int, first: int, last: int) -> Columns:
    """Days ``first`` to ``last`` of walk ``n``."""
    value = 100 * np.exp(np.cumsum(np.random.default_rng(n).normal(0, 0.01, last)))[first:]
    as_of = (_FIRST_DAY + np.arange(first, last, dtype=np.int64)) * MICROS_PER_DAY
    return Columns(as_of=as_of, value=value, flags=np.zeros(last - first, np.int64))


async def tell(engine: AsyncEngine, low: int, high: int, first: int, last: int) -> float:
    """Ingest; returns seconds."""
    payload = RawPayload("walks", f"{low} {high} {first} {last}".encode(), "bench:walks", _KNOWN, _KNOWN)
    started = time.perf_counter()
    await ingest_payload(engine, Walks(), payload, clock=lambda: _NOW, run_id="bench", code_sha="bench")
    return time.perf_counter() - started


async def measure() -> list[Figure]:
    """Both engines, one after the other."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures += await _engine("SQLite", f"sqlite+aiosqlite:///{home / 'bench.db'}", _SqliteBare(home))
        binaries = postgres_binaries()
        if binaries is None:
            print("no PostgreSQL here: half of this bench is left out", file=sys.stderr)
            return figures
        with running_postgres(binaries) as socket:
            url = URL.create("postgresql+asyncpg", "mktdash", database="postgres", query={"host": socket})
            figures += await _engine("PostgreSQL", url.render_as_string(hide_password=False), _PostgresBare(socket))
    return figures


async def _engine(name: str, url: str, bare: "_SqliteBare | _PostgresBare") -> list[Figure]:
    rows = SERIES * DAYS
    small, hundred = max(1, 100_000 // DAYS), SERIES
    engine = open_engine(url)
    await upgrade(engine)
    say(f"{name}: 100,000 rows")
    await tell(engine, 0, small, 0, DAYS)
    at_small = await _read_one(engine)
    say(f"{name}: {rows:,} rows")
    new = await tell(engine, small, hundred, 0, DAYS)
    say(f"{name}: the same again")
    same = await tell(engine, small, hundred, 0, DAYS)
    say(f"{name}: one more day of each series, then reads")
    appended = await tell(engine, 0, hundred, DAYS, DAYS + 1)
    loaded = rows - small * DAYS
    ceiling = await bare.bulk_load()
    figures = [
        Figure(f"{name}: new rows", loaded / new, "rows/s"),
        Figure(f"{name}: raw ceiling", ceiling, "rows/s"),
        Figure(f"{name}: new rows to the raw ceiling", loaded / new / ceiling, "x", 0.5),
        Figure(f"{name}: unchanged rows to new ones", new / same, "x", 1.0),
        Figure(f"{name}: one day appended to each series", SERIES / appended, "rows/s"),
    ]
    # The first reads meet a cold cache on either side; both sides are asked the same way.
    one = await _read_one(engine)
    async with bare.opened() as connection:
        bare_one = await _timed(lambda: bare.chunks(connection))
        bare_latest = await _timed(lambda: bare.latest(connection), 20)
    latest = await _latest(engine)
    then = await _read_one(engine, as_known_at=int(_KNOWN.timestamp() * 1e6))
    parquet = _duckdb()
    await engine.dispose()
    return [
        *figures,
        Figure(f"{name}: one series of {DAYS:,} points", one * 1e3, "ms"),
        Figure(f"{name}: the same by the bare driver", bare_one * 1e3, "ms"),
        Figure(f"{name}: one series to the bare driver", one / bare_one, "x", 2.0, better="less"),
        Figure(f"{name}: DuckDB from Parquet to one series", parquet / one, "x", 1.0),
        Figure(f"{name}: latest of all series", latest * 1e3, "ms"),
        Figure(f"{name}: latest to the bare driver", latest / bare_latest, "x", 2.0, better="less"),
        Figure(f"{name}: as known at T to the current read", then / one, "x", 2.0, better="less"),
        Figure(f"{name}: one series at {rows:,} rows to 100,000", one / at_small, "x", 1.2, better="less"),
    ]


def say(what: str) -> None:
    """Progress, for whoever waits."""
    print(f"  ... {what}", file=sys.stderr, flush=True)


async def _timed(once: Callable[[], Awaitable[object]], n: int = _READS) -> float:
    """The median seconds of a call."""
    for _ in range(5):
        await once()
    times = []
    for _ in range(n):
        started = time.perf_counter()
        await once()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


async def _read_one(engine: AsyncEngine, **options: Any) -> float:
    async with read_transaction(engine) as conn:
        series = await series_by_symbol(conn, "W00007")
        return await _timed(lambda: read_columns(conn, series, **options))


async def _latest(engine: AsyncEngine) -> float:
    async with read_transaction(engine) as conn:
        ids = [series.id for series in await series_of_dataset(conn, "walks")]
        return await _timed(lambda: latest_by_series_ids(conn, ids), 20)


_CHUNK_SQL = (
    "SELECT payload FROM observation_chunk WHERE series_id = (SELECT s.id FROM series s JOIN instrument i"
    " ON i.id = s.instrument_id WHERE i.symbol = 'W00007') AND period BETWEEN 0 AND 9999 ORDER BY period"
)
_LATEST_SQL = (
    "SELECT series_id, n, first_as_of, as_of, value, open, high, low, volume, flags, known_at, batch_id,"
    " previous_as_of, previous_value FROM latest WHERE n > 0"
)


def decoded(rows: Any) -> tuple[np.ndarray, np.ndarray]:
    """The least that makes numbers of chunks: their instants and values as two arrays."""
    as_of, value = [], []
    for (payload,) in rows:
        n = int.from_bytes(payload[4:8], "little")
        as_of.append(np.frombuffer(payload, "<i8", n, 16))
        value.append(np.frombuffer(payload, "<f8", n, 16 + 8 * n))
    return np.concatenate(as_of), np.concatenate(value)


def _rows() -> Iterator[tuple[Any, ...]]:
    for n in range(SERIES):
        columns = walk(n, 0, DAYS)
        for as_of, value in zip(columns.as_of.tolist(), columns.value.tolist(), strict=True):
            yield (n, as_of, value, None, None, None, None, 0, 0, 1)


class _SqliteBare:
    def __init__(self, home: Path) -> None:
        self._home = home

    async def bulk_load(self) -> float:
        """Rows a second of executemany into the same table, and nothing else."""
        place = sqlite3.connect(self._home / "ceiling.db")
        place.execute("PRAGMA journal_mode=WAL")
        place.execute("PRAGMA synchronous=NORMAL")
        columns = "series_id INTEGER, as_of INTEGER, value REAL, open REAL, high REAL, low REAL, volume REAL,"
        place.execute(
            f"CREATE TABLE t ({columns} flags INTEGER, known_at INTEGER, batch_id INTEGER,"
            " PRIMARY KEY (series_id, as_of)) WITHOUT ROWID"
        )
        rows = list(_rows())
        started = time.perf_counter()
        place.executemany("INSERT INTO t VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
        place.commit()
        seconds = time.perf_counter() - started
        place.close()
        (self._home / "ceiling.db").unlink()
        return len(rows) / seconds

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Any]:
        async with aiosqlite.connect(self._home / "bench.db") as connection:
            yield connection

    async def chunks(self, connection: Any) -> object:
        return decoded(await connection.execute_fetchall(_CHUNK_SQL))

    async def latest(self, connection: Any) -> object:
        return await connection.execute_fetchall(_LATEST_SQL)


class _PostgresBare:
    def __init__(self, socket: str) -> None:
        self._socket = socket

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(host=self._socket, user="mktdash", database="postgres")
        try:
            yield connection
        finally:
            await connection.close()

    async def bulk_load(self) -> float:
        """Rows a second of COPY into a stage and a merge from there, without comparing anything."""
        rows = list(_rows())
        async with self.opened() as connection:
            await connection.execute("CREATE TABLE target (LIKE observation INCLUDING ALL)")
            started = time.perf_counter()
            async with connection.transaction():
                await connection.execute("CREATE TEMP TABLE stage (LIKE observation) ON COMMIT DROP")
                await connection.copy_records_to_table("stage", records=rows, columns=FIELDS)
                await connection.execute("INSERT INTO target SELECT * FROM stage")
            seconds = time.perf_counter() - started
            await connection.execute("DROP TABLE target")
        return len(rows) / seconds

    async def chunks(self, connection: Any) -> object:
        return decoded(await connection.fetch(_CHUNK_SQL))

    async def latest(self, connection: Any) -> object:
        return await connection.fetch(_LATEST_SQL)


def _duckdb() -> float:
    """The median seconds of the same series from one Parquet file sorted by series, into numpy."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "walks.parquet"
        place = duckdb.connect()
        series = np.repeat(np.arange(SERIES), DAYS)
        as_of = np.tile((_FIRST_DAY + np.arange(DAYS, dtype=np.int64)) * MICROS_PER_DAY, SERIES)
        value = np.concatenate([walk(n, 0, DAYS).value for n in range(SERIES)])
        columns = {"series": series, "as_of": as_of, "value": value, "flags": np.zeros(len(value), np.int64)}
        place.register("columns", columns)
        place.execute(f"COPY (SELECT * FROM columns) TO '{file}' (FORMAT parquet)")  # noqa: S608 - our own folder
        place.unregister("columns")
        query = f"SELECT as_of, value, flags FROM '{file}' WHERE series = 7 ORDER BY as_of"  # noqa: S608 - as above
        times = []
        for _ in range(_READS // 4):
            started = time.perf_counter()
            place.execute(query).fetchnumpy()
            times.append(time.perf_counter() - started)
        place.close()
    return float(np.median(times))
