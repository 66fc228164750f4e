"""The snapshots that reports are built from, as they were taken: the same data have the same id and one row."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError
from mktdash.store.engine.session import is_postgres
from mktdash.store.series.reading import ChunkDigest
from mktdash.store.tables import REPORTS, SNAPSHOTS


@dataclass(frozen=True, slots=True)
class DatasetState:
    """A dataset at the time of a snapshot; ``known_at`` in microseconds UTC, None where it held nothing."""

    key: str
    version: int
    known_at: int | None


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A snapshot as first taken."""

    id: str
    taken_at: int
    datasets: tuple[DatasetState, ...]
    digests: tuple[ChunkDigest, ...]


async def insert_snapshot(conn: AsyncConnection, snapshot: SnapshotRow) -> None:
    """Store a snapshot; one of the same id is there for good and stays as it is."""
    contents = {
        "datasets": [
            {"key": state.key, "version": state.version, "known_at": state.known_at} for state in snapshot.datasets
        ],
        "chunks": [[one.series_key, one.period, one.digest.hex()] for one in snapshot.digests],
    }
    insert = postgresql.insert(SNAPSHOTS) if is_postgres(conn) else sqlite.insert(SNAPSHOTS)
    values = {"id": snapshot.id, "taken_at": snapshot.taken_at, "contents": contents}
    await conn.execute(insert.values(values).on_conflict_do_nothing(index_elements=["id"]))


async def snapshot_by_id(conn: AsyncConnection, snapshot_id: str) -> SnapshotRow:
    """A snapshot.

    Raises:
        NotFoundError: there is none of this id.
    """
    row = (await conn.execute(sa.select(SNAPSHOTS).where(SNAPSHOTS.c.id == snapshot_id))).first()
    if row is None:
        raise NotFoundError(f"there is no snapshot {snapshot_id!r}", snapshot=snapshot_id)
    return SnapshotRow(
        id=row.id,
        taken_at=row.taken_at,
        datasets=tuple(DatasetState(**state) for state in row.contents["datasets"]),
        digests=tuple(
            ChunkDigest(key, period, bytes.fromhex(digest)) for key, period, digest in row.contents["chunks"]
        ),
    )


async def facts_of_run(conn: AsyncConnection, run_id: str) -> dict[str, Any] | None:
    """What a run's report shows besides observations; None where it has taken no snapshot yet."""
    query = sa.select(REPORTS.c.snapshot_facts).where(REPORTS.c.id == run_id)
    facts: dict[str, Any] | None = (await conn.execute(query)).scalar()
    return facts
