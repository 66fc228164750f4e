"""Runs of every job: what a row of the queue says, and which runs wait, hang or belong to a worker."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError
from mktdash.store.tables import RUNS

QUEUED = "queued"
RUNNING = "running"
SUCCEEDED = "succeeded"
DEAD = "dead"
CANCELLED = "cancelled"
FINAL_STATES = frozenset({SUCCEEDED, DEAD, CANCELLED})


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of queued work, as its runs need it; the work itself is registered in ``mktdash.jobs.registry``.

    Attributes:
        kind: its name, which is also the topic of its events.
        max_attempts: how many attempts may fail before the run is a dead letter.
        max_crashes: how many attempts may end with the death of their worker before it is one.
    """

    kind: str
    max_attempts: int
    max_crashes: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run; instants are microseconds UTC, ``progress`` goes from 0 to 1, ``result`` is what attempts have kept."""

    id: str
    kind: str
    parameters: dict[str, Any]
    state: str
    stage: str
    progress: float
    epoch: int
    attempts: int
    max_attempts: int
    crashes: int
    max_crashes: int
    requested_by: str
    idempotency_key: str | None
    created_at: int
    available_at: int
    dispatched_at: int | None
    started_at: int | None
    finished_at: int | None
    lease_until: int | None
    worker: str | None
    result: list[dict[str, Any]] | None
    error_code: str | None
    error_message: str | None

    @classmethod
    def from_row(cls, row: Mapping[Any, Any]) -> Self:
        """A run from a row that carries all its columns."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})


async def run_by_id(conn: AsyncConnection, run_id: str) -> Run:
    """A run.

    Raises:
        NotFoundError: there is no such run.
    """
    row = (await conn.execute(sa.select(RUNS).where(RUNS.c.id == run_id))).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no run {run_id!r}", run=run_id)
    return Run.from_row(row)


async def due(conn: AsyncConnection, *, now: int, stale_before: int, limit: int = 100) -> list[Run]:
    """Queued runs whose time has come and that were not dispatched since ``stale_before``, oldest first."""
    stale = sa.or_(RUNS.c.dispatched_at.is_(None), RUNS.c.dispatched_at < stale_before)
    waiting = sa.select(RUNS).where(RUNS.c.state == QUEUED, RUNS.c.available_at <= now, stale)
    return await _runs(conn, waiting.order_by(RUNS.c.available_at, RUNS.c.id).limit(limit))


async def expired(conn: AsyncConnection, now: int, limit: int = 100) -> list[Run]:
    """Running runs whose lease ran out before ``now``: their workers are dead, or as good as dead."""
    silent = sa.select(RUNS).where(RUNS.c.state == RUNNING, RUNS.c.lease_until < now)
    return await _runs(conn, silent.order_by(RUNS.c.lease_until).limit(limit))


async def held_by(conn: AsyncConnection, worker: str) -> list[Run]:
    """The runs whose leases a worker has."""
    return await _runs(conn, sa.select(RUNS).where(RUNS.c.state == RUNNING, RUNS.c.worker == worker))


async def _runs(conn: AsyncConnection, query: sa.Select[Any]) -> list[Run]:
    return [Run.from_row(row) for row in (await conn.execute(query)).mappings()]
