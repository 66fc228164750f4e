"""Reports as they are asked for, and what the log of their table says of a run."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import system_clock, to_micros
from mktdash.store.engine.session import write_transaction
from mktdash.store.jobs.runs import RUN_EVENT, RunRow, insert_run


async def request_report(engine: AsyncEngine, parameters: dict[str, Any] | None = None, **facts: Any) -> RunRow:
    """A queued run of a market summary, asked for now unless ``now`` is given."""
    async with write_transaction(engine) as conn:
        return await insert_report(conn, parameters, **facts)


async def insert_report(conn: AsyncConnection, parameters: dict[str, Any] | None = None, **facts: Any) -> RunRow:
    """The same in a transaction that is open."""
    usual = {"template": "market-summary", "template_version": 1, "requested_by": "a test"}
    return await insert_run(conn, parameters=parameters or {}, **(usual | {"now": to_micros(system_clock())} | facts))


async def run_events(conn: AsyncConnection, run_id: str) -> list[Any]:
    """The rows of a run, oldest first."""
    query = sa.select(RUN_EVENT).where(RUN_EVENT.c.run_id == run_id).order_by(RUN_EVENT.c.id)
    return list((await conn.execute(query)).all())
