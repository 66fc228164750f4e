"""Replays that were asked for."""

from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.graphql.context import Info
from mktdash.graphql.nodes import finds
from mktdash.graphql.replays.types import NO_VERSION, REPLAYS, ReplayRunType
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import (
    First,
    Text,
)
from mktdash.graphql.vocabulary.depends_on import never_kept
from mktdash.graphql.vocabulary.ids import key_of
from mktdash.graphql.vocabulary.node import Node
from mktdash.store.jobs.replays import last_replays, replay_by_id


@strawberry.type
class ReplayQueries:
    """What can be read of replays."""

    @strawberry.field(metadata=never_kept(NO_VERSION), description="Replays, newest first. Errors: BAD_INPUT.")
    async def replay_runs(self, info: Info, first: First = 20) -> list[ReplayRunType]:
        """The newest replays."""
        bounds.page_size(first, "first")
        async with info.context.read() as conn:
            return [ReplayRunType.from_row(row) for row in await last_replays(conn, first)]

    @strawberry.field(metadata=never_kept(NO_VERSION), description="One replay. Errors: NOT_FOUND.")
    async def replay_run(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="Its id or its runId.")],  # noqa: A002 - as reportRun has it
    ) -> ReplayRunType | None:
        """A replay by its id."""
        bounds.name(id, "id")
        async with info.context.read() as conn:
            return ReplayRunType.from_row(await replay_by_id(conn, key_of(REPLAYS, id)))


@finds(REPLAYS)
async def _replay_run(_: Info, conn: AsyncConnection, key: str) -> Node | None:
    return ReplayRunType.from_row(await replay_by_id(conn, key))
