"""Asking for a replay: a row in the queue, which a worker takes."""

from datetime import timedelta
from typing import Annotated

import strawberry

from mktdash.domain.interval import span_of
from mktdash.graphql.changes import change
from mktdash.graphql.context import Info
from mktdash.graphql.replays.types import ReplayRunType, StartReplayResult, UnknownSource
from mktdash.graphql.rights import needs
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.security.principals import Role
from mktdash.store.catalogue.datasets import all_datasets
from mktdash.store.jobs.replays import insert_replay


@strawberry.type
class ReplayMutations:
    """Changes of replays."""

    @strawberry.mutation(
        **needs(
            Role.OPERATOR,
            "Replay a window from raw data: parse it again and apply the difference. With unchanged code that is none.",
            "BAD_INPUT",
        )
    )
    async def start_replay(
        self,
        info: Info,
        window: Annotated[str, Text(description="How far back, such as 7d, 36h or 2w.")] = "7d",
        source: Annotated[str | None, Text(description="Only this source's datasets.")] = None,
    ) -> StartReplayResult:
        """Queue a replay; an unknown source is a member of the result."""
        bounds.name(window, "window")
        if source is not None:
            bounds.name(source, "source")
        async with change(info, "queue") as made:
            known = sorted({dataset.source for dataset in await all_datasets(made.conn)})
            if source is not None and source not in known:
                return UnknownSource(message=f"there is no dataset of {source!r}", name=source, known=known)
            since = made.now - span_of(window) // timedelta(microseconds=1)
            run = await insert_replay(made.conn, since=since, source=source, requested_by=made.by, now=made.now)
            await made.audit("startReplay", f"replay run {run.id}", window=window, source=source)
        return ReplayRunType.from_row(run)
