"""What happened to a report's run, as the log of its table says."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.jobs.runs import RUN_EVENT


async def run_events(conn: AsyncConnection, run_id: str) -> list[Any]:
    """The rows of a run, oldest first."""
    query = sa.select(RUN_EVENT).where(RUN_EVENT.c.run_id == run_id).order_by(RUN_EVENT.c.id)
    return list((await conn.execute(query)).all())
