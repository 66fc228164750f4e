"""The lifecycle of a run, whatever its job: each transition is one guarded update that names the state it starts from.

``epoch`` is the fencing token. It grows whenever a run goes back to the queue, so a worker whose lease ran out finds
that its epoch is over, and changes nothing. How often a run is tried is written into its row when it is requested, so
any process can move a run of any job.
"""

import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import InvalidInputError
from mktdash.store.engine.session import is_postgres
from mktdash.store.jobs.runs import CANCELLED, DEAD, QUEUED, RUNNING, SUCCEEDED, Job, Run
from mktdash.store.live.outbox import NewEvent, append_events
from mktdash.store.tables import RUN_EVENTS, RUNS

_CRASHED = "WORKER_CRASHED"


async def enqueue(
    conn: AsyncConnection,
    job: Job,
    parameters: dict[str, Any],
    *,
    requested_by: str,
    now: int,
    idempotency_key: str | None = None,
) -> tuple[Run, bool]:
    """Queue a run, and say whether it is new: the same key again gives the run that it made the first time.

    Wake the workers after the commit.

    Raises:
        InvalidInputError: the key was used before with other parameters.
    """
    values = {
        # Starts with the time, so that ids sort by request; the rest keeps two of one millisecond apart.
        "id": f"{now // 1000:012x}{secrets.token_hex(6)}",
        "kind": job.kind,
        "parameters": parameters,
        "state": QUEUED,
        "stage": QUEUED,
        "progress": 0.0,
        "epoch": 0,
        "attempts": 0,
        "max_attempts": job.max_attempts,
        "crashes": 0,
        "max_crashes": job.max_crashes,
        "requested_by": requested_by,
        "idempotency_key": idempotency_key,
        "created_at": now,
        "available_at": now,
    }
    insert = postgresql.insert(RUNS) if is_postgres(conn) else sqlite.insert(RUNS)
    unique = insert.values(values).on_conflict_do_nothing(index_elements=["kind", "idempotency_key"])
    row = (await conn.execute(unique.returning(*RUNS.c))).mappings().first()
    if row is not None:
        run = Run.from_row(row)
        await _record(conn, run, now, "requested")
        return run, True
    same = sa.select(RUNS).where(RUNS.c.kind == job.kind, RUNS.c.idempotency_key == idempotency_key)
    earlier = Run.from_row((await conn.execute(same)).mappings().one())
    if earlier.parameters != parameters:
        raise key_taken(earlier)
    return earlier, False


def key_taken(earlier: Run) -> InvalidInputError:
    """The error of a request whose idempotency key belongs to another one."""
    key = earlier.idempotency_key
    return InvalidInputError(
        f"the idempotency key {key!r} already stands for another {earlier.kind}", idempotencyKey=key, run=earlier.id
    )


async def mark_dispatched(conn: AsyncConnection, run: Run, now: int) -> bool:
    """Note that a queued run was offered to the workers. False where it has moved on."""
    waiting = sa.update(RUNS).where(RUNS.c.id == run.id, RUNS.c.state == QUEUED, RUNS.c.epoch == run.epoch)
    return (await conn.execute(waiting.values(dispatched_at=now))).rowcount == 1


async def claim(
    conn: AsyncConnection, run_id: str, epoch: int, *, worker: str, now: int, lease_until: int
) -> Run | None:
    """Begin an attempt; None where another worker was first, or the run was cancelled, or the epoch is over."""
    values = {
        "state": RUNNING,
        "stage": "starting",
        "attempts": RUNS.c.attempts + 1,
        "worker": worker,
        "lease_until": lease_until,
        "started_at": sa.func.coalesce(RUNS.c.started_at, now),
        "error_code": None,
        "error_message": None,
    }
    waiting = sa.and_(RUNS.c.id == run_id, RUNS.c.state == QUEUED, RUNS.c.epoch == epoch)
    return await _change(conn, waiting, values, now, f"claimed by {worker}")


async def heartbeat(conn: AsyncConnection, run: Run, lease_until: int) -> bool:
    """Extend the lease. False where it is lost: the run was cancelled, or taken back.

    The row is locked from here to the end of the transaction, so what else is written in it is fenced too.
    """
    return (await conn.execute(sa.update(RUNS).where(_held(run)).values(lease_until=lease_until))).rowcount == 1


async def progress(
    conn: AsyncConnection,
    run: Run,
    *,
    stage: str,
    share: float,
    now: int,
    lease_until: int,
    result: list[dict[str, Any]] | None = None,
) -> bool:
    """Say how far a run has come (``share`` from 0 to 1), which is a heartbeat too. False where the lease is lost.

    ``result`` is what the run has finished for good, in this transaction and before: the next attempt goes on from it.
    """
    values = {"stage": stage, "progress": share, "lease_until": lease_until}
    kept = {} if result is None else {"result": result}
    return await _change(conn, _held(run), values | kept, now) is not None


async def succeed(conn: AsyncConnection, run: Run, now: int, message: str = "") -> bool:
    """End a run well. False where the lease is lost."""
    values = {"state": SUCCEEDED, "stage": SUCCEEDED, "progress": 1.0, "finished_at": now, "lease_until": None}
    return await _change(conn, _held(run), values, now, message) is not None


async def fail(conn: AsyncConnection, run: Run, *, code: str, message: str, now: int, retry_at: int | None) -> bool:
    """End an attempt that failed: queued until ``retry_at``, or a dead letter if that is None or no attempt is left."""
    error = {"error_code": code, "error_message": message}
    end = _dead(now) if retry_at is None or run.attempts >= run.max_attempts else _queued(retry_at)
    return await _change(conn, _held(run), error | end, now, f"{code}: {message}") is not None


async def release(conn: AsyncConnection, run: Run, now: int) -> bool:
    """Give up the lease of a worker that is stopping; the attempt does not count."""
    values = {"attempts": RUNS.c.attempts - 1} | _queued(now)
    return await _change(conn, _held(run), values, now, "released: the worker is stopping") is not None


async def crash(
    conn: AsyncConnection, run: Run, *, now: int, retry_at: int, message: str, silent: bool = False
) -> Run | None:
    """End an attempt whose process died of it, or with it: queued again, or a dead letter after too many crashes.

    None where the lease is lost, or, of a ``silent`` worker, has not run out: a heartbeat came in since it was looked
    at.
    """
    error = {"crashes": RUNS.c.crashes + 1, "error_code": _CRASHED, "error_message": message}
    end = _dead(now) if run.crashes + 1 >= run.max_crashes else _queued(retry_at)
    held = sa.and_(_held(run), RUNS.c.lease_until < now) if silent else _held(run)
    return await _change(conn, held, error | end, now, f"{_CRASHED}: {message}")


async def cancel(conn: AsyncConnection, run_id: str, now: int) -> bool:
    """Cancel a run that is queued or running; a worker that has its lease learns so at its next heartbeat.

    Returns:
        False where the run had already ended.
    """
    unfinished = sa.and_(RUNS.c.id == run_id, RUNS.c.state.in_([QUEUED, RUNNING]))
    values = {"state": CANCELLED, "stage": CANCELLED, "finished_at": now, "lease_until": None}
    return await _change(conn, unfinished, values, now, "cancelled") is not None


async def _change(
    conn: AsyncConnection, guard: sa.ColumnElement[bool], values: Mapping[str, Any], now: int, message: str = ""
) -> Run | None:
    """The guarded update that every transition is: the run as changed, or None where the guard did not hold."""
    row = (await conn.execute(sa.update(RUNS).where(guard).values(**values).returning(*RUNS.c))).mappings().first()
    if row is None:
        return None
    run = Run.from_row(row)
    await _record(conn, run, now, message)
    return run


async def _record(conn: AsyncConnection, run: Run, now: int, message: str) -> None:
    facts = {"state": run.state, "stage": run.stage, "progress": run.progress, "epoch": run.epoch}
    await conn.execute(sa.insert(RUN_EVENTS).values(run_id=run.id, at=now, message=message, **facts))
    # Last in the transaction, as the outbox wants it.
    await append_events(conn, [NewEvent(run.kind, run.id, facts)], now)


def _held(run: Run) -> sa.ColumnElement[bool]:
    return sa.and_(RUNS.c.id == run.id, RUNS.c.state == RUNNING, RUNS.c.epoch == run.epoch)


def _queued(available_at: int) -> dict[str, Any]:
    return {
        "state": QUEUED,
        "stage": QUEUED,
        # What was kept is done; anything else has to be done again.
        "progress": sa.case((RUNS.c.result.is_(None), 0.0), else_=RUNS.c.progress),
        "epoch": RUNS.c.epoch + 1,
        "available_at": available_at,
        "dispatched_at": None,
        "lease_until": None,
        "worker": None,
    }


def _dead(now: int) -> dict[str, Any]:
    return {"state": DEAD, "stage": DEAD, "finished_at": now, "lease_until": None}
