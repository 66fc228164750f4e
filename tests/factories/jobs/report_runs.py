"""Reports as they are asked for, and what the log of runs says of one."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import system_clock, to_micros
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs.reports import NewArtifact, ReportRow, finish_report, insert_report, report_by_id
from mktdash.store.jobs.run_lifecycle import claim
from mktdash.store.tables import RUN_EVENTS

FILE = NewArtifact("csv", "text/csv", "ab" * 32, b"a,b\r\n")


async def request_report(engine: AsyncEngine, parameters: dict[str, Any] | None = None, **facts: Any) -> ReportRow:
    """A queued run of a market summary, asked for now unless ``now`` is given."""
    usual = {"template": "market-summary", "template_version": 1, "requested_by": "a test"}
    now = to_micros(system_clock())
    async with write_transaction(engine) as conn:
        return await insert_report(conn, parameters=parameters or {}, **(usual | {"now": now} | facts))


async def end_report(engine: AsyncEngine, run: ReportRow, *files: NewArtifact) -> None:
    """Claim a queued run and end it well, with one small file unless others are given."""
    now = run.available_at
    async with write_transaction(engine) as conn:
        claimed = await claim(conn, run.id, run.epoch, worker="w", now=now, lease_until=now + 10_000_000)
        assert claimed is not None
        assert await finish_report(conn, claimed, files or [FILE], now + 1)


async def report_now(engine: AsyncEngine, run: ReportRow) -> ReportRow:
    """The run as it is by now."""
    async with read_transaction(engine) as conn:
        return await report_by_id(conn, run.id)


async def run_events(conn: AsyncConnection, run_id: str) -> list[Any]:
    """What happened to a run, oldest first."""
    query = sa.select(RUN_EVENTS).where(RUN_EVENTS.c.run_id == run_id).order_by(RUN_EVENTS.c.id)
    return list((await conn.execute(query)).all())
