"""What every change over the API does: one transaction, an entry in the audit log, a wake-up for who follows it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.graphql.context import Info, RequestContext
from mktdash.live.publish import notify
from mktdash.store.access.audit import append_audit
from mktdash.store.engine.session import write_transaction


@dataclass(frozen=True, slots=True)
class Change:
    """A change under way.

    Attributes:
        conn: the transaction to write in.
        by: who makes it, as the audit log calls them.
        now: microseconds UTC.
        origin: the request, for the audit log.
    """

    conn: AsyncConnection
    by: str
    now: int
    origin: dict[str, str]

    async def audit(self, action: str, target: str, **detail: Any) -> None:
        """Write down what is changed."""
        await append_audit(
            self.conn, at=self.now, principal=self.by, action=action, target=target, detail=detail | self.origin
        )


@asynccontextmanager
async def change(info: Info, *topics: str) -> AsyncIterator[Change]:
    """A transaction for the one who asks; after its commit the followers of the topics are woken."""
    context = info.context
    async with write_transaction(context.services.engine) as conn:
        yield Change(conn, context.principal.name, context.services.now, origin(context))
    await notify(context.services.redis, topics)


def origin(context: RequestContext) -> dict[str, str]:
    """The request that a change came with, for the audit log."""
    return {"requestId": context.request_id, "client": context.client}
