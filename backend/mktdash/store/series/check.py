"""Whether everything that repeats the rows agrees with them: chunks, latest, raw bytes. Names what differs."""

import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from sqlalchemy import Column, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import iso
from mktdash.domain.observation import BAR_FIELDS, Columns, Int64Array
from mktdash.store.batches.raw_files import read_raw
from mktdash.store.catalogue.series import SeriesRow, series_by_ids
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.series.chunk_upkeep import encode_tail, latest_from_rows
from mktdash.store.series.chunks import decode_chunk, digest_of, encode_chunk
from mktdash.store.series.locking import NEVER
from mktdash.store.series.reading import columns_from_rows, split_by_period
from mktdash.store.tables import BATCHES, CHUNKS, DATASETS, LATEST, OBSERVATIONS, RAW_FILES, REVISIONS, SERIES

_FIELDS = ("as_of", "value", *BAR_FIELDS, "flags", "known_at")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not agree: where (``chunk EURUSD|ecb-reference-rates|rate|1d|none 2026``) and how."""

    place: str
    difference: str


async def series_ids(conn: AsyncConnection) -> list[int]:
    """Every series, by id."""
    return list((await conn.execute(select(SERIES.c.id).order_by(SERIES.c.id))).scalars())


async def check_series(conn: AsyncConnection, series_id: int) -> list[Problem]:
    """Compare the chunks and the latest of a series with its rows, and its revisions with each other."""
    series = (await series_by_ids(conn, [series_id]))[series_id]
    rows = await rows_as_columns(conn, series_id)
    state = (await conn.execute(select(LATEST).where(LATEST.c.series_id == series_id))).first()
    if state is None:
        return [Problem(f"latest {series.key}", "there are rows and no latest")] if len(rows) else []
    problems = await _check_chunks(conn, series, rows, NEVER if state.sealed_to is None else state.sealed_to)
    expected = {**(await latest_from_rows(conn, [series_id]))[series_id], "n": len(rows)}
    expected["tail"] = encode_tail(rows.take(rows.as_of > (NEVER if state.sealed_to is None else state.sealed_to)))
    for name, value in expected.items():
        if getattr(state, name) != value:
            problems.append(
                Problem(f"latest {series.key}", f"{name} is {getattr(state, name)!r}, the rows say {value!r}")
            )
    return problems + await _check_revisions(conn, series)


async def rows_as_columns(conn: AsyncConnection, series_id: int) -> Columns:
    """The current rows of a series, from the table itself: the truth that chunks repeat."""
    wanted = select(*(OBSERVATIONS.c[name] for name in _FIELDS)).where(OBSERVATIONS.c.series_id == series_id)
    return columns_from_rows((await conn.execute(wanted.order_by(OBSERVATIONS.c.as_of))).all())


async def rows_by_series(conn: AsyncConnection, series_ids: Collection[int]) -> dict[int, Columns]:
    """The current rows of several series; those without any are left out."""
    rows = await _rows(conn, OBSERVATIONS, series_ids)
    return {series_id: columns_from_rows(own) for series_id, own in rows.items()}


async def revisions_by_series(
    conn: AsyncConnection, series_ids: Collection[int]
) -> dict[int, tuple[Columns, Int64Array]]:
    """The superseded rows of several series, and until when (microseconds) each was current."""
    rows = await _rows(conn, REVISIONS, series_ids, REVISIONS.c.superseded_at)
    return {
        series_id: (columns_from_rows([row[:-1] for row in own]), np.array([row[-1] for row in own], np.int64))
        for series_id, own in rows.items()
    }


async def _rows(
    conn: AsyncConnection, table: Table, series_ids: Collection[int], *more: Column[Any]
) -> dict[int, list[Sequence[Any]]]:
    wanted = select(table.c.series_id, *(table.c[name] for name in _FIELDS), *more)
    ordered = wanted.where(is_one_of(table.c.series_id, series_ids)).order_by(table.c.series_id, table.c.as_of)
    found: dict[int, list[Sequence[Any]]] = {}
    for series_id, *row in (await conn.execute(ordered)).all():
        found.setdefault(series_id, []).append(row)
    return found


async def _check_chunks(conn: AsyncConnection, series: SeriesRow, rows: Columns, sealed_to: int) -> list[Problem]:
    wanted = select(CHUNKS.c.period, CHUNKS.c.n, CHUNKS.c.last_as_of, CHUNKS.c.digest, CHUNKS.c.payload)
    stored = {row.period: row for row in (await conn.execute(wanted.where(CHUNKS.c.series_id == series.id))).all()}
    problems = []
    for period, columns in split_by_period(series.interval, rows.take(rows.as_of <= sealed_to)):
        place = f"chunk {series.key} {period}"
        chunk = stored.pop(period, None)
        if chunk is None:
            problems.append(Problem(place, "is missing"))
            continue
        try:
            decoded = decode_chunk(chunk.payload)
        except ValueError as error:
            problems.append(Problem(place, str(error)))
            continue
        right = encode_chunk(columns)
        if digest_of(decoded) != chunk.digest:
            problems.append(Problem(place, "its bytes do not have its digest"))
        elif chunk.payload != right.payload or chunk.digest != right.digest:
            problems.append(
                Problem(place, f"holds {len(decoded)} observations that differ from the {len(columns)} rows")
            )
        elif (chunk.n, chunk.last_as_of) != (right.n, right.last_as_of):
            problems.append(Problem(place, "its count or last instant is wrong"))
    return problems + [Problem(f"chunk {series.key} {period}", "there are no rows for it") for period in stored]


async def _check_revisions(conn: AsyncConnection, series: SeriesRow) -> list[Problem]:
    """A revision ends where its successor begins; two that overlap would answer one question twice."""
    wanted = (
        select(REVISIONS.c.as_of, REVISIONS.c.known_at, REVISIONS.c.superseded_at)
        .where(REVISIONS.c.series_id == series.id)
        .order_by(REVISIONS.c.as_of, REVISIONS.c.known_at)
    )
    problems = []
    before: tuple[int, int] | None = None
    for as_of, known_at, superseded_at in (await conn.execute(wanted)).all():
        place = f"revision {series.key} {iso(as_of)} known {iso(known_at)}"
        if superseded_at < known_at:
            problems.append(Problem(place, "ends before it begins"))
        if before is not None and before[0] == as_of and before[1] > known_at:
            problems.append(Problem(place, "overlaps the one before it"))
        before = (as_of, superseded_at)
    return problems


async def check_links(conn: AsyncConnection) -> list[Problem]:
    """Whether every value names a batch and a series that are there, and every dataset a version that its data made."""
    problems = []
    for table in (OBSERVATIONS, REVISIONS):
        for column, other in (("series_id", SERIES), ("batch_id", BATCHES)):
            lost = select(table.c[column], func.count()).where(table.c[column].not_in(select(other.c.id)))
            for key, n in (await conn.execute(lost.group_by(table.c[column]))).all():
                problems.append(Problem(f"{table.name} of {other.name} {key}", f"{n} rows name one that is not there"))
    newest = (
        select(DATASETS.c.key, DATASETS.c.version, DATASETS.c.known_at, func.max(LATEST.c.known_at))
        .join(SERIES, SERIES.c.dataset == DATASETS.c.key)
        .join(LATEST, LATEST.c.series_id == SERIES.c.id)
        .where(LATEST.c.n > 0)
        .group_by(DATASETS.c.key, DATASETS.c.version, DATASETS.c.known_at)
        .order_by(DATASETS.c.key)
    )
    for key, version, known_at, latest in (await conn.execute(newest)).all():
        if version < 1:
            problems.append(Problem(f"dataset {key}", f"has values, and version {version}"))
        if known_at is None or known_at < latest:
            when = "never" if known_at is None else iso(known_at)
            problems.append(Problem(f"dataset {key}", f"was last changed {when}, its newest value came {iso(latest)}"))
    return problems


async def check_raw(conn: AsyncConnection) -> AsyncIterator[tuple[str, Problem | None]]:
    """Hash every kept file anew; gives each hash with its problem or None."""
    for sha256, size in (
        await conn.execute(select(RAW_FILES.c.sha256, RAW_FILES.c.size).order_by(RAW_FILES.c.sha256))
    ).all():
        total, length = hashlib.sha256(), 0
        try:
            async for block in read_raw(conn, sha256):
                total.update(block)
                length += len(block)
        except zstandard.ZstdError as error:
            yield sha256, Problem(f"raw {sha256}", f"can't be decompressed after {length} bytes ({error})")
            continue
        right = total.hexdigest() == sha256 and length == size
        yield sha256, None if right else Problem(f"raw {sha256}", f"its {length} bytes hash to {total.hexdigest()}")
