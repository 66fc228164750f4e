"""The report queue's transitions. Each is one guarded update: it names the state and the epoch it starts from.

``epoch`` is the fencing token. It grows whenever a run goes back to the queue, so a worker that lost its lease and
comes back late finds that its epoch is over, and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.jobs.runs import (
    ARTIFACT,
    COLUMNS,
    DEAD,
    QUEUED,
    RUN,
    RUNNING,
    SUCCEEDED,
    RunRow,
    change,
    record,
)

# The first crash may have been a neighbour's doing; two more, alone in the worker, were its own.
_FATAL_CRASHES = 3
CRASHED_CODE = "WORKER_CRASHED"


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """A rendered file; ``format`` is ``pdf``, ``html`` or ``csv``."""

    format: str
    content_type: str
    sha256: str
    body: bytes


async def due(conn: AsyncConnection, *, now: int, stale_before: int, limit: int = 100) -> list[RunRow]:
    """Queued runs whose time has come and that nobody was told of since ``stale_before``, oldest first."""
    untold = sa.or_(RUN.c.dispatched_at.is_(None), RUN.c.dispatched_at < stale_before)
    query = (
        sa.select(*COLUMNS)
        .where(RUN.c.state == QUEUED, RUN.c.available_at <= now, untold)
        .order_by(RUN.c.available_at, RUN.c.id)
        .limit(limit)
    )
    return [RunRow.from_row(row) for row in (await conn.execute(query)).mappings()]


async def mark_dispatched(conn: AsyncConnection, run: RunRow, now: int) -> bool:
    """Note that the workers were told of a run, to which nothing has happened yet. False where it has moved on."""
    told = sa.update(RUN).where(RUN.c.id == run.id, RUN.c.state == QUEUED, RUN.c.epoch == run.epoch)
    return (await conn.execute(told.values(dispatched_at=now))).rowcount == 1


async def claim(
    conn: AsyncConnection, run_id: str, epoch: int, *, worker: str, now: int, lease_until: int
) -> RunRow | None:
    """Take a queued run; None where another worker was first, or it was cancelled, or the epoch is over."""
    run = await change(
        conn,
        [RUN.c.id == run_id, RUN.c.state == QUEUED, RUN.c.epoch == epoch],
        {
            "state": RUNNING,
            "stage": "starting",
            "progress": 0.0,
            "attempts": RUN.c.attempts + 1,
            "worker": worker,
            "lease_until": lease_until,
            "started_at": sa.func.coalesce(RUN.c.started_at, now),
            "error_code": None,
            "error_message": None,
        },
    )
    if run is not None:
        await record(conn, run, now, f"taken by {worker}")
    return run


async def heartbeat(conn: AsyncConnection, run: RunRow, lease_until: int) -> bool:
    """Extend the lease. False where the run is not this worker's any more: cancelled, or taken back."""
    held = sa.update(RUN).where(*_held(run))
    return (await conn.execute(held.values(lease_until=lease_until))).rowcount == 1


async def progress(conn: AsyncConnection, run: RunRow, *, stage: str, share: float, now: int, lease_until: int) -> bool:
    """Say how far a run has come (``share`` from 0 to 1), which is also a heartbeat. False where it is lost."""
    values = {"stage": stage, "progress": share, "lease_until": lease_until}
    changed = await change(conn, _held(run), values)
    if changed is not None:
        await record(conn, changed, now)
    return changed is not None


async def note_snapshot(
    conn: AsyncConnection, run: RunRow, *, snapshot_id: str, taken_at: int, facts: dict[str, Any], code_sha: str
) -> RunRow | None:
    """Tie a run to the snapshot it is built from and the code that builds it; None where the run is lost."""
    values = {"snapshot_id": snapshot_id, "snapshot_at": taken_at, "snapshot_facts": facts, "code_sha": code_sha}
    return await change(conn, _held(run), values)


async def finish(conn: AsyncConnection, run: RunRow, artifacts: Sequence[NewArtifact], now: int) -> bool:
    """Store the files and end the run well, both or neither. False where the run is lost: then nothing is stored."""
    values = {
        "state": SUCCEEDED,
        "stage": SUCCEEDED,
        "progress": 1.0,
        "finished_at": now,
        "lease_until": None,
    }
    changed = await change(conn, _held(run), values)
    if changed is None:
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
    await conn.execute(sa.insert(ARTIFACT), rows)
    await record(conn, changed, now, f"{len(rows)} files")
    return True


async def fail(conn: AsyncConnection, run: RunRow, *, code: str, message: str, now: int, retry_at: int | None) -> bool:
    """End an attempt that went wrong: queued again until ``retry_at``; dead where that is None or no try is left."""
    told = {"error_code": code, "error_message": message}
    if retry_at is None or run.attempts >= run.max_attempts:
        changed = await change(conn, _held(run), told | _dead(now))
    else:
        changed = await change(conn, _held(run), told | _back_in_queue(retry_at))
    if changed is not None:
        await record(conn, changed, now, f"{code}: {message}")
    return changed is not None


async def give_back(conn: AsyncConnection, run: RunRow, now: int) -> bool:
    """Return a run that this worker can't finish because it is stopping; the attempt does not count."""
    values = {"attempts": RUN.c.attempts - 1} | _back_in_queue(now)
    changed = await change(conn, _held(run), values)
    if changed is not None:
        await record(conn, changed, now, "given back by a worker that stops")
    return changed is not None


async def crashed(conn: AsyncConnection, run: RunRow, *, now: int, retry_at: int, message: str) -> RunRow | None:
    """Take a run from a worker that died of it, or with it; None where the run is not in those hands any more.

    It goes back to the queue, to be run alone, and is dead once that has killed two workers.
    """
    return await _crashed(conn, run, _held(run), now=now, retry_at=retry_at, message=message)


async def expired(conn: AsyncConnection, now: int, limit: int = 100) -> list[RunRow]:
    """Running runs whose lease ran out before ``now``: their workers are dead, or as good as dead."""
    query = sa.select(*COLUMNS).where(RUN.c.state == RUNNING, RUN.c.lease_until < now).order_by(RUN.c.lease_until)
    return [RunRow.from_row(row) for row in (await conn.execute(query.limit(limit))).mappings()]


async def held_by(conn: AsyncConnection, worker: str) -> list[RunRow]:
    """The runs that a worker holds."""
    query = sa.select(*COLUMNS).where(RUN.c.state == RUNNING, RUN.c.worker == worker)
    return [RunRow.from_row(row) for row in (await conn.execute(query)).mappings()]


async def take_back(conn: AsyncConnection, run: RunRow, *, now: int, retry_at: int) -> RunRow | None:
    """Take an expired run from its silent worker; None where it gave a sign of life after all, or another was first."""
    # The lease is looked at again: a heartbeat may have come in since the run was found expired.
    silent = [*_held(run), RUN.c.lease_until < now]
    return await _crashed(conn, run, silent, now=now, retry_at=retry_at, message=f"the worker {run.worker} fell silent")


async def _crashed(
    conn: AsyncConnection,
    run: RunRow,
    guards: list[sa.ColumnElement[bool]],
    *,
    now: int,
    retry_at: int,
    message: str,
) -> RunRow | None:
    told = {"crashes": RUN.c.crashes + 1, "error_code": CRASHED_CODE, "error_message": message}
    fatal = run.crashes + 1 >= _FATAL_CRASHES
    changed = await change(conn, guards, told | (_dead(now) if fatal else _back_in_queue(retry_at)))
    if changed is not None:
        await record(conn, changed, now, f"{CRASHED_CODE}: {message}")
    return changed


def _held(run: RunRow) -> list[sa.ColumnElement[bool]]:
    return [RUN.c.id == run.id, RUN.c.state == RUNNING, RUN.c.epoch == run.epoch]


def _back_in_queue(available_at: int) -> dict[str, object]:
    return {
        "state": QUEUED,
        "stage": QUEUED,
        "progress": 0.0,
        "epoch": RUN.c.epoch + 1,
        "available_at": available_at,
        "dispatched_at": None,
        "lease_until": None,
        "worker": None,
    }


def _dead(now: int) -> dict[str, object]:
    return {"state": DEAD, "stage": DEAD, "finished_at": now, "lease_until": None}
