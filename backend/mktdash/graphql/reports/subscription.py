"""A report run as it goes on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from mktdash.graphql.context import Info, RequestContext
from mktdash.graphql.reports.types import RUNS, ReportRunType
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Since
from mktdash.graphql.vocabulary.ids import key_of
from mktdash.live.cursor import head_cursor, resume_from
from mktdash.store.engine.session import read_transaction
from mktdash.store.jobs.reports import artifacts_by_run_ids, report_by_id
from mktdash.store.jobs.runs import FINAL_STATES


@strawberry.type(description="A report run after a change.")
class ReportRunEvent:
    """A change of one run."""

    cursor: str = strawberry.field(description="Pass it as `since` to resume after this event.")
    run: ReportRunType = strawberry.field(description="The run.")


@strawberry.type
class ReportSubscription:
    """What can be followed of reports."""

    @strawberry.subscription(
        description="A report run: its present state first, then each change until it ends. "
        "Errors: NOT_FOUND, CURSOR_EXPIRED, BAD_INPUT."
    )
    async def report_run(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The run's id or its runId.")],  # noqa: A002 - the agreed name
        since: Since = None,
    ) -> AsyncGenerator[ReportRunEvent, None]:
        """One event a change of the run."""
        run_id = key_of(RUNS, id)
        bounds.name(run_id, "id")
        context = info.context
        # The state sent first holds all that came before its cursor, so `since` need only be one that makes sense.
        run, cursor, final = await _run_now(context, run_id, since)
        yield ReportRunEvent(cursor=cursor, run=run)
        if final:
            return
        async with aclosing(context.services.hub.stream("report", keys=[run_id], since=cursor)) as events:
            async for at, _ in events:
                run, _, final = await _run_now(context, run_id)
                yield ReportRunEvent(cursor=str(at), run=run)
                if final:
                    return


async def _run_now(context: RequestContext, run_id: str, since: str | None = None) -> tuple[ReportRunType, str, bool]:
    async with read_transaction(context.services.engine) as conn:
        await resume_from(conn, since)
        row = await report_by_id(conn, run_id)
        files = (await artifacts_by_run_ids(conn, [run_id]))[run_id]
        cursor = str(await head_cursor(conn))
    return ReportRunType.from_row(row, files), cursor, row.state in FINAL_STATES
