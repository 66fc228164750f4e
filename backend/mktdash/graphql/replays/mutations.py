"""Asking for a replay: a row in the queue, which a worker takes."""

from datetime import timedelta
from typing import Annotated

import strawberry

from mktdash.domain.interval import span_of
from mktdash.graphql.context import Info
from mktdash.graphql.replays.types import ReplayRunType, StartReplayResult, UnknownSource
from mktdash.graphql.rights import Needs
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.live.publish import notify
from mktdash.security.principals import Role
from mktdash.store.access.audit import append_audit
from mktdash.store.catalogue.datasets import all_datasets
from mktdash.store.engine.session import write_transaction
from mktdash.store.jobs.replays import insert_replay


@strawberry.type
class ReplayMutations:
    """What can be asked to be done of replays."""

    @strawberry.mutation(
        description="Tell again, from raw bytes, what was learned lately; with unchanged code that changes nothing. "
        "Needs the role operator or above. Errors: UNAUTHENTICATED, FORBIDDEN, BAD_INPUT.",
        extensions=[Needs(Role.OPERATOR)],
    )
    async def start_replay(
        self,
        info: Info,
        window: Annotated[str, Text(description="How far back: 7d, 36h, 2w.")] = "7d",
        source: Annotated[str | None, Text(description="Only this source's datasets.")] = None,
    ) -> StartReplayResult:
        """Queue a replay; an unknown source is a member of the result."""
        context = info.context
        bounds.name(window, "window")
        if source is not None:
            bounds.name(source, "source")
        now = context.services.now
        since = now - span_of(window) // timedelta(microseconds=1)
        async with write_transaction(context.services.engine) as conn:
            known = sorted({dataset.source for dataset in await all_datasets(conn)})
            if source is not None and source not in known:
                return UnknownSource(message=f"no dataset of {source!r} is held", name=source, known=known)
            run = await insert_replay(conn, since=since, source=source, requested_by=context.principal.name, now=now)
            await append_audit(
                conn,
                at=now,
                principal=context.principal.name,
                action="startReplay",
                target=f"replay run {run.id}",
                detail={
                    "window": window,
                    "source": source,
                    "requestId": context.request_id,
                    "client": context.client,
                },
            )
        await notify(context.services.redis, ["queue"])
        return ReplayRunType.from_row(run)
