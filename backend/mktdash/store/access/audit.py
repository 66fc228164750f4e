"""The audit log of writes: who changed what, when."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.tables import AUDIT


async def append_audit(
    conn: AsyncConnection, *, at: int, principal: str, action: str, target: str, detail: dict[str, Any]
) -> None:
    """Write down who changed what; call it in the transaction of the change."""
    await conn.execute(sa.insert(AUDIT).values(at=at, principal=principal, action=action, target=target, detail=detail))
