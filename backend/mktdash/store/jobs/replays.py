"""The runs of replays: what one has done is kept in the transaction that did it, and the next attempt goes on there."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError
from mktdash.store.jobs.run_lifecycle import enqueue
from mktdash.store.jobs.runs import Job, Run
from mktdash.store.tables import RUNS

REPLAY = Job("replay", max_attempts=5, max_crashes=5)


@dataclass(frozen=True, slots=True)
class ReplayRow(Run):
    """The run of a replay."""

    @property
    def since(self) -> int:
        """What became known after this instant, microseconds UTC, is replayed."""
        return int(self.parameters["since"])

    @property
    def source(self) -> str | None:
        """Only this source's datasets; all where None."""
        source: str | None = self.parameters["source"]
        return source

    @property
    def results(self) -> list[dict[str, Any]]:
        """An entry for each dataset that is done, in order."""
        return self.result or []


async def insert_replay(
    conn: AsyncConnection, *, since: int, source: str | None, requested_by: str, now: int
) -> ReplayRow:
    """Queue a replay. Wake the workers after the commit."""
    run, _ = await enqueue(conn, REPLAY, {"since": since, "source": source}, requested_by=requested_by, now=now)
    return await replay_by_id(conn, run.id)


async def replay_by_id(conn: AsyncConnection, run_id: str) -> ReplayRow:
    """A replay's run.

    Raises:
        NotFoundError: there is no such run.
    """
    row = (await conn.execute(_of_replays().where(RUNS.c.id == run_id))).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no replay run {run_id!r}", run=run_id)
    return ReplayRow.from_row(row)


async def last_replays(conn: AsyncConnection, n: int) -> list[ReplayRow]:
    """The newest replays, newest first."""
    rows = await conn.execute(_of_replays().order_by(RUNS.c.id.desc()).limit(n))
    return [ReplayRow.from_row(row) for row in rows.mappings()]


def _of_replays() -> sa.Select[Any]:
    return sa.select(RUNS).where(RUNS.c.kind == REPLAY.kind)
