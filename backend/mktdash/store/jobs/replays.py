"""Replay runs: the row is the job. Each change is one guarded update that names the state and epoch it starts from.

What a replay has done it writes down in the transaction that did it: a run taken up again knows what is left.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError
from mktdash.store.jobs.runs import DEAD, QUEUED, RUNNING, SUCCEEDED
from mktdash.store.tables import metadata

REPLAY = metadata.tables["replay_run"]
_MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """A replay run; instants are microseconds UTC. ``results`` has an entry for each dataset that is done."""

    id: str
    since: int
    source: str | None
    state: str
    total: int
    results: list[dict[str, Any]]
    epoch: int
    attempts: int
    requested_by: str
    created_at: int
    started_at: int | None
    finished_at: int | None
    worker: str | None
    error_code: str | None
    error_message: str | None

    @classmethod
    def from_row(cls, row: Mapping[Any, Any]) -> Self:
        """A run as stored."""
        return cls(**row)

    @property
    def done(self) -> frozenset[str]:
        """The keys of the datasets that are done."""
        return frozenset(str(one["dataset"]) for one in self.results)

    @property
    def progress(self) -> float:
        """How far it is, from 0 to 1."""
        if self.state == SUCCEEDED:
            return 1.0
        return len(self.results) / self.total if self.total else 0.0


_COLUMNS = [REPLAY.c[one.name] for one in fields(ReplayRow)]


async def insert_replay(
    conn: AsyncConnection, *, since: int, source: str | None, requested_by: str, now: int
) -> ReplayRow:
    """Ask for a replay: a queued row, which is all that a worker needs. Wake the workers after the commit."""
    values = {
        "id": f"{now // 1000:012x}{secrets.token_hex(6)}",
        "since": since,
        "source": source,
        "state": QUEUED,
        "total": 0,
        "results": [],
        "epoch": 0,
        "attempts": 0,
        "requested_by": requested_by,
        "created_at": now,
        "available_at": now,
    }
    row = (await conn.execute(sa.insert(REPLAY).values(values).returning(*_COLUMNS))).mappings().one()
    return ReplayRow.from_row(row)


async def replay_by_id(conn: AsyncConnection, run_id: str) -> ReplayRow:
    """A replay run.

    Raises:
        NotFoundError: there is no such run.
    """
    row = (await conn.execute(sa.select(*_COLUMNS).where(REPLAY.c.id == run_id))).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no replay run {run_id!r}", run=run_id)
    return ReplayRow.from_row(row)


async def last_replays(conn: AsyncConnection, n: int) -> list[ReplayRow]:
    """The newest replay runs, newest first."""
    rows = await conn.execute(sa.select(*_COLUMNS).order_by(REPLAY.c.id.desc()).limit(n))
    return [ReplayRow.from_row(row) for row in rows.mappings()]


async def due(conn: AsyncConnection, *, now: int, stale_before: int) -> list[ReplayRow]:
    """Queued runs whose time has come and that nobody was told of since ``stale_before``, oldest first."""
    untold = sa.or_(REPLAY.c.dispatched_at.is_(None), REPLAY.c.dispatched_at < stale_before)
    wanted = sa.select(*_COLUMNS).where(REPLAY.c.state == QUEUED, REPLAY.c.available_at <= now, untold)
    return [ReplayRow.from_row(row) for row in (await conn.execute(wanted.order_by(REPLAY.c.id))).mappings()]


async def mark_dispatched(conn: AsyncConnection, run: ReplayRow, now: int) -> None:
    """Note that the workers were told of a run."""
    here = [REPLAY.c.id == run.id, REPLAY.c.state == QUEUED, REPLAY.c.epoch == run.epoch]
    await conn.execute(sa.update(REPLAY).where(*here).values(dispatched_at=now))


async def claim(
    conn: AsyncConnection, run_id: str, epoch: int, *, worker: str, total: int, now: int, lease_until: int
) -> ReplayRow | None:
    """Take a queued run; None where another worker was first, or the epoch is over."""
    here = [REPLAY.c.id == run_id, REPLAY.c.state == QUEUED, REPLAY.c.epoch == epoch]
    return await _change(
        conn,
        here,
        {
            "state": RUNNING,
            "total": total,
            "attempts": REPLAY.c.attempts + 1,
            "worker": worker,
            "lease_until": lease_until,
            "started_at": sa.func.coalesce(REPLAY.c.started_at, now),
            "error_code": None,
            "error_message": None,
        },
    )


async def heartbeat(conn: AsyncConnection, run: ReplayRow, lease_until: int) -> bool:
    """Extend the lease. False where the run is not this worker's any more."""
    held = sa.update(REPLAY).where(*_held(run)).values(lease_until=lease_until)
    return (await conn.execute(held)).rowcount == 1


async def note_dataset(
    conn: AsyncConnection, run: ReplayRow, result: Mapping[str, Any], lease_until: int
) -> ReplayRow | None:
    """Write down that a dataset is done, in the transaction that did it; None where the run is lost: roll back."""
    here = sa.select(REPLAY.c.results).where(*_held(run)).with_for_update()
    before = (await conn.execute(here)).scalar_one_or_none()
    if before is None:
        return None
    return await _change(conn, _held(run), {"results": [*before, dict(result)], "lease_until": lease_until})


async def finish(conn: AsyncConnection, run: ReplayRow, now: int) -> ReplayRow | None:
    """End a run well; None where it is lost."""
    return await _change(conn, _held(run), {"state": SUCCEEDED, "finished_at": now, "lease_until": None})


async def fail(
    conn: AsyncConnection, run: ReplayRow, *, code: str, message: str, now: int, retry_at: int | None
) -> ReplayRow | None:
    """End an attempt that went wrong: queued again until ``retry_at``; dead where that is None or no try is left."""
    told: dict[str, Any] = {"error_code": code, "error_message": message}
    over = retry_at is None or run.attempts >= _MOST_ATTEMPTS
    return await _change(conn, _held(run), told | (_dead(now) if over else _back(retry_at or now)))


async def give_back(conn: AsyncConnection, run: ReplayRow, now: int) -> ReplayRow | None:
    """Return a run that this worker can't finish because it is stopping; the attempt does not count."""
    return await _change(conn, _held(run), {"attempts": REPLAY.c.attempts - 1} | _back(now))


async def expired(conn: AsyncConnection, now: int) -> bool:
    """Whether there are running runs whose lease ran out: their workers are dead, or as good as dead."""
    silent = sa.select(REPLAY.c.id).where(REPLAY.c.state == RUNNING, REPLAY.c.lease_until < now).limit(1)
    return (await conn.execute(silent)).first() is not None


async def take_back_expired(conn: AsyncConnection, now: int) -> Sequence[str]:
    """Queue again, or end, the runs whose workers fell silent; their ids."""
    silent = sa.select(*_COLUMNS).where(REPLAY.c.state == RUNNING, REPLAY.c.lease_until < now)
    taken = []
    for row in (await conn.execute(silent)).mappings().all():
        run = ReplayRow.from_row(row)
        told: dict[str, Any] = {"error_code": "WORKER_CRASHED", "error_message": f"the worker {run.worker} fell silent"}
        values = told | (_dead(now) if run.attempts >= _MOST_ATTEMPTS else _back(now))
        if await _change(conn, [*_held(run), REPLAY.c.lease_until < now], values) is not None:
            taken.append(run.id)
    return taken


async def _change(
    conn: AsyncConnection, guards: Sequence[sa.ColumnElement[bool]], values: Mapping[str, Any]
) -> ReplayRow | None:
    changed = sa.update(REPLAY).where(*guards).values(**values).returning(*_COLUMNS)
    row = (await conn.execute(changed)).mappings().first()
    return None if row is None else ReplayRow.from_row(row)


def _held(run: ReplayRow) -> list[sa.ColumnElement[bool]]:
    return [REPLAY.c.id == run.id, REPLAY.c.state == RUNNING, REPLAY.c.epoch == run.epoch]


def _back(available_at: int) -> dict[str, Any]:
    return {
        "state": QUEUED,
        "epoch": REPLAY.c.epoch + 1,
        "available_at": available_at,
        "dispatched_at": None,
        "lease_until": None,
        "worker": None,
    }


def _dead(now: int) -> dict[str, Any]:
    return {"state": DEAD, "finished_at": now, "lease_until": None}
