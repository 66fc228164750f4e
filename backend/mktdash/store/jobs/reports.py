"""The runs of reports, the template and the snapshot of each, and the files that came of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.engine.page import Page
from mktdash.store.jobs.run_lifecycle import enqueue, heartbeat, key_taken, succeed
from mktdash.store.jobs.runs import Job, Run
from mktdash.store.tables import ARTIFACTS, REPORTS, RUNS

# The first crash may have been a neighbour's doing; two more, alone in the worker, were its own.
REPORT = Job("report", max_attempts=4, max_crashes=3)

_MOST_ON_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class ReportRow(Run):
    """The run of a report; ``snapshot_at`` in microseconds UTC."""

    template: str
    template_version: int
    snapshot_id: str | None
    snapshot_at: int | None
    code_sha: str | None


# Without ``snapshot_facts``, which is as large as the report it belongs to.
_REPORT = sa.select(
    *(RUNS.c[name] if name in RUNS.c else REPORTS.c[name] for name in (field.name for field in fields(ReportRow)))
).join_from(REPORTS, RUNS, RUNS.c.id == REPORTS.c.id)


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """A rendered file; ``format`` is ``pdf``, ``html`` or ``csv``."""

    format: str
    content_type: str
    sha256: str
    body: bytes


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
class ArtifactBody(ArtifactRow):
    """A finished file with its bytes."""

    body: bytes


async def insert_report(
    conn: AsyncConnection,
    *,
    template: str,
    template_version: int,
    parameters: dict[str, Any],
    requested_by: str,
    now: int,
    idempotency_key: str | None = None,
) -> ReportRow:
    """Queue a report, or give the run that the same ``idempotency_key`` made before. Wake the workers after the commit.

    Raises:
        InvalidInputError: the key was used before for something else.
    """
    run, new = await enqueue(
        conn, REPORT, parameters, requested_by=requested_by, now=now, idempotency_key=idempotency_key
    )
    if new:
        values = {"id": run.id, "template": template, "template_version": template_version}
        await conn.execute(sa.insert(REPORTS).values(values))
    report = await report_by_id(conn, run.id)
    if (report.template, report.template_version) != (template, template_version):
        raise key_taken(run)
    return report


async def report_by_id(conn: AsyncConnection, run_id: str) -> ReportRow:
    """A report's run.

    Raises:
        NotFoundError: there is no such run.
    """
    row = (await conn.execute(_REPORT.where(RUNS.c.id == run_id))).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no report run {run_id!r}", run=run_id)
    return ReportRow.from_row(row)


async def reports_page(conn: AsyncConnection, *, first: int = 20, after: str | None = None) -> Page[ReportRow]:
    """The runs of reports, newest first.

    Raises:
        InvalidInputError: ``first`` is not in 1..200.
    """
    if not 1 <= first <= _MOST_ON_A_PAGE:
        raise InvalidInputError(f"first must lie in 1..{_MOST_ON_A_PAGE}, not {first}", first=first)
    total = (await conn.execute(sa.select(sa.func.count()).select_from(REPORTS))).scalar_one()
    page = _REPORT.order_by(REPORTS.c.id.desc()).limit(first + 1)
    if after is not None:
        page = page.where(REPORTS.c.id < after)
    rows = [ReportRow.from_row(row) for row in (await conn.execute(page)).mappings()]
    return Page(rows[:first], total, has_next=len(rows) > first, has_previous=after is not None)


async def note_snapshot(
    conn: AsyncConnection,
    run: Run,
    *,
    snapshot_id: str,
    taken_at: int,
    facts: dict[str, Any],
    code_sha: str,
    lease_until: int,
) -> bool:
    """Tie a run to the snapshot it is built from and the code that builds it. False where the lease is lost."""
    if not await heartbeat(conn, run, lease_until):
        return False
    values = {"snapshot_id": snapshot_id, "snapshot_at": taken_at, "snapshot_facts": facts, "code_sha": code_sha}
    await conn.execute(sa.update(REPORTS).where(REPORTS.c.id == run.id).values(values))
    return True


async def finish_report(conn: AsyncConnection, run: Run, artifacts: Sequence[NewArtifact], now: int) -> bool:
    """Store the files and end the run well, both or neither. False where the lease is lost."""
    if not await heartbeat(conn, run, now):
        return False
    rows = [
        {
            "run_id": run.id,
            "format": one.format,
            "content_type": one.content_type,
            "sha256": one.sha256,
            "size": len(one.body),
            "body": one.body,
            "created_at": now,
        }
        for one in artifacts
    ]
    await conn.execute(sa.insert(ARTIFACTS), rows)
    return await succeed(conn, run, now, f"{len(rows)} files")


async def artifacts_by_run_ids(conn: AsyncConnection, run_ids: Collection[str]) -> dict[str, list[ArtifactRow]]:
    """The files of runs, without their bytes, by run; every id asked for is a key."""
    found: dict[str, list[ArtifactRow]] = {run_id: [] for run_id in run_ids}
    columns = [ARTIFACTS.c[field.name] for field in fields(ArtifactRow)]
    query = sa.select(*columns).where(is_one_of(ARTIFACTS.c.run_id, found))
    for row in (await conn.execute(query.order_by(ARTIFACTS.c.run_id, ARTIFACTS.c.format))).mappings():
        found[row["run_id"]].append(ArtifactRow(**row))
    return found


async def artifact(conn: AsyncConnection, run_id: str, file_format: str) -> ArtifactBody:
    """One file of a run with its bytes.

    Raises:
        NotFoundError: the run does not exist, is not finished, or has no such file.
    """
    query = sa.select(ARTIFACTS).where(ARTIFACTS.c.run_id == run_id, ARTIFACTS.c.format == file_format)
    row = (await conn.execute(query)).mappings().first()
    if row is None:
        raise NotFoundError(f"report run {run_id!r} has no {file_format} file", run=run_id, format=file_format)
    return ArtifactBody(**row)
