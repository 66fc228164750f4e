"""The reports that can be asked for, and the runs that were."""

from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.graphql.context import Info
from mktdash.graphql.cost_charging import note_size
from mktdash.graphql.nodes import finds
from mktdash.graphql.reports.types import RUN_LIST, RUNS, ReportRunType, ReportTemplateType
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import (
    After,
    First,
    Text,
)
from mktdash.graphql.vocabulary.connection import Connection
from mktdash.graphql.vocabulary.depends_on import depends_on
from mktdash.graphql.vocabulary.ids import key_of
from mktdash.graphql.vocabulary.node import Node
from mktdash.reports.catalogue import TEMPLATES
from mktdash.store.jobs.reports import report_by_id, reports_page
from mktdash.store.live.topic_versions import REPORTS


@strawberry.type
class ReportQueries:
    """What can be read of reports."""

    @strawberry.field(metadata=depends_on(), description="All report templates.")
    def report_templates(self) -> list[ReportTemplateType]:
        """The catalogue."""
        return [ReportTemplateType.from_row(template) for template in TEMPLATES]

    @strawberry.field(
        metadata=depends_on(REPORTS), description="Report runs, newest first, in pages. Errors: BAD_INPUT."
    )
    async def report_runs(self, info: Info, first: First = 20, after: After = None) -> Connection[ReportRunType]:
        """A page of runs."""
        bounds.page_size(first, "first")
        async with info.context.read() as conn:
            page = await reports_page(conn, first=first, after=RUN_LIST.after(after))
        note_size(info, len(page.items))
        return Connection.from_page(page, RUN_LIST, ReportRunType.from_row)

    @strawberry.field(metadata=depends_on(REPORTS), description="One report run. Errors: NOT_FOUND.")
    async def report_run(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="Its id or its runId.")],  # noqa: A002 - the agreed name
    ) -> ReportRunType | None:
        """A run by its id."""
        bounds.name(id, "id")
        async with info.context.read() as conn:
            return ReportRunType.from_row(await report_by_id(conn, key_of(RUNS, id)))


@finds(RUNS)
async def _report_run(_: Info, conn: AsyncConnection, key: str) -> Node | None:
    return ReportRunType.from_row(await report_by_id(conn, key))
