"""Report runs as people see them: asked for, looked up, cancelled, and the files that came of them."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.engine.page import Page
from mktdash.store.engine.session import is_postgres
from mktdash.store.live.outbox import NewEvent, append_events
from mktdash.store.tables import metadata

RUN = metadata.tables["report_run"]
RUN_EVENT = metadata.tables["run_event"]
ARTIFACT = metadata.tables["report_artifact"]

QUEUED = "queued"
RUNNING = "running"
SUCCEEDED = "succeeded"
DEAD = "dead"
CANCELLED = "cancelled"
FINAL_STATES = frozenset({SUCCEEDED, DEAD, CANCELLED})

_TOPIC = "report"
_MOST_ON_A_PAGE = 200
_MOST_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run; instants are microseconds UTC, ``progress`` runs from 0 to 1."""

    id: str
    template: str
    template_version: int
    parameters: dict[str, Any]
    state: str
    stage: str
    progress: float
    epoch: int
    attempts: int
    max_attempts: int
    crashes: int
    requested_by: str
    idempotency_key: str | None
    created_at: int
    available_at: int
    dispatched_at: int | None
    started_at: int | None
    finished_at: int | None
    lease_until: int | None
    worker: str | None
    snapshot_id: str | None
    snapshot_at: int | None
    code_sha: str | None
    error_code: str | None
    error_message: str | None

    @classmethod
    def from_row(cls, row: Mapping[Any, Any]) -> Self:
        """A run from a row that carries all its columns."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})


# Without ``snapshot_facts``, which is as large as the report it belongs to.
COLUMNS = [RUN.c[field.name] for field in fields(RunRow)]


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A finished file without its bytes; ``format`` is ``pdf``, ``html`` or ``csv``."""

    run_id: str
    format: str
    content_type: str
    sha256: str
    size: int
    created_at: int


@dataclass(frozen=True, slots=True)
class ArtifactBody:
    """A finished file with its bytes."""

    run_id: str
    format: str
    content_type: str
    sha256: str
    size: int
    created_at: int
    body: bytes


async def insert_run(
    conn: AsyncConnection,
    *,
    template: str,
    template_version: int,
    parameters: dict[str, Any],
    requested_by: str,
    now: int,
    idempotency_key: str | None = None,
    max_attempts: int = _MOST_ATTEMPTS,
) -> RunRow:
    """Ask for a report: a queued row, which is all that a worker needs. Wake the workers after the commit.

    The same ``idempotency_key`` again gives the run that it made the first time, whatever has become of it since.

    Raises:
        InvalidInputError: the key was used before for something else.
    """
    values = {
        "id": _new_id(now),
        "template": template,
        "template_version": template_version,
        "parameters": parameters,
        "state": QUEUED,
        "stage": QUEUED,
        "progress": 0.0,
        "epoch": 0,
        "attempts": 0,
        "max_attempts": max_attempts,
        "crashes": 0,
        "requested_by": requested_by,
        "idempotency_key": idempotency_key,
        "created_at": now,
        "available_at": now,
    }
    insert = postgresql.insert(RUN) if is_postgres(conn) else sqlite.insert(RUN)
    made = insert.values(values).on_conflict_do_nothing(index_elements=["idempotency_key"]).returning(*COLUMNS)
    row = (await conn.execute(made)).mappings().first()
    if row is not None:
        run = RunRow.from_row(row)
        await record(conn, run, now, "asked for")
        return run
    query = sa.select(*COLUMNS).where(RUN.c.idempotency_key == idempotency_key)
    earlier = RunRow.from_row((await conn.execute(query)).mappings().one())
    if (earlier.template, earlier.template_version, earlier.parameters) != (template, template_version, parameters):
        raise InvalidInputError(
            f"the idempotency key {idempotency_key!r} already stands for another report",
            idempotencyKey=idempotency_key,
            run=earlier.id,
        )
    return earlier


async def run_by_id(conn: AsyncConnection, run_id: str) -> RunRow:
    """A run.

    Raises:
        NotFoundError: there is no such run.
    """
    row = (await conn.execute(sa.select(*COLUMNS).where(RUN.c.id == run_id))).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no report run {run_id!r}", run=run_id)
    return RunRow.from_row(row)


async def runs_page(
    conn: AsyncConnection, *, first: int = 20, after: str | None = None, states: Collection[str] | None = None
) -> Page[RunRow]:
    """Runs, newest first, of some states only where given.

    Raises:
        InvalidInputError: ``first`` is not in 1..200.
    """
    if not 1 <= first <= _MOST_ON_A_PAGE:
        raise InvalidInputError(f"first must lie in 1..{_MOST_ON_A_PAGE}, not {first}", first=first)
    chosen = sa.select(*COLUMNS)
    if states is not None:
        chosen = chosen.where(RUN.c.state.in_(states))
    total = (await conn.execute(sa.select(sa.func.count()).select_from(chosen.subquery()))).scalar_one()
    page = chosen.order_by(RUN.c.id.desc()).limit(first + 1)
    if after is not None:
        page = page.where(RUN.c.id < after)
    rows = [RunRow.from_row(row) for row in (await conn.execute(page)).mappings()]
    return Page(rows[:first], total, has_next=len(rows) > first, has_previous=after is not None)


async def artifacts_by_run_ids(conn: AsyncConnection, run_ids: Collection[str]) -> dict[str, list[ArtifactRow]]:
    """The files of runs, without their bytes, by run; every id asked for is a key."""
    found: dict[str, list[ArtifactRow]] = {run_id: [] for run_id in run_ids}
    columns = [ARTIFACT.c[field.name] for field in fields(ArtifactRow)]
    query = (
        sa.select(*columns).where(is_one_of(ARTIFACT.c.run_id, found)).order_by(ARTIFACT.c.run_id, ARTIFACT.c.format)
    )
    for row in (await conn.execute(query)).mappings():
        found[row["run_id"]].append(ArtifactRow(**row))
    return found


async def artifact(conn: AsyncConnection, run_id: str, file_format: str) -> ArtifactBody:
    """One file of a run with its bytes.

    Raises:
        NotFoundError: the run does not exist, is not finished, or has no such file.
    """
    query = sa.select(ARTIFACT).where(ARTIFACT.c.run_id == run_id, ARTIFACT.c.format == file_format)
    row = (await conn.execute(query)).mappings().first()
    if row is None:
        raise NotFoundError(f"report run {run_id!r} has no {file_format} file", run=run_id, format=file_format)
    return ArtifactBody(**row)


async def cancel(conn: AsyncConnection, run_id: str, now: int) -> bool:
    """Cancel a run that is queued or running; a worker that holds it learns so at its next heartbeat.

    Returns:
        False where the run had already come to its end.
    """
    waiting = RUN.c.state.in_([QUEUED, RUNNING])
    values = {"state": CANCELLED, "stage": CANCELLED, "finished_at": now, "lease_until": None}
    run = await change(conn, [RUN.c.id == run_id, waiting], values)
    if run is not None:
        await record(conn, run, now, "cancelled")
    return run is not None


async def change(
    conn: AsyncConnection, guards: Sequence[sa.ColumnElement[bool]], values: Mapping[str, Any]
) -> RunRow | None:
    """The guarded update that every transition is: the run as changed, or None where a guard did not hold."""
    row = (await conn.execute(sa.update(RUN).where(*guards).values(**values).returning(*COLUMNS))).mappings().first()
    return None if row is None else RunRow.from_row(row)


async def record(conn: AsyncConnection, run: RunRow, now: int, message: str = "") -> None:
    """Write down a run's present state in its own history and in the outbox; call it last in the transaction."""
    facts = {"state": run.state, "stage": run.stage, "progress": run.progress, "epoch": run.epoch}
    await conn.execute(sa.insert(RUN_EVENT).values(run_id=run.id, at=now, message=message, **facts))
    await append_events(conn, [NewEvent(_TOPIC, run.id, facts)], now)


def _new_id(now: int) -> str:
    # Starts with the time, so that ids sort as runs were asked for; the rest keeps two of one millisecond apart.
    return f"{now // 1000:012x}{secrets.token_hex(6)}"
