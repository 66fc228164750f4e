"""Asking for a report: a row in the queue, which a worker takes."""

from typing import Annotated

import strawberry

from mktdash.graphql.changes import change
from mktdash.graphql.context import Info
from mktdash.graphql.reports.types import (
    InvalidParameters,
    ParameterProblem,
    ReportRunType,
    RequestReportInput,
    RequestReportResult,
    UnknownTemplate,
)
from mktdash.graphql.rights import needs
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.reports.catalogue import UnknownTemplateError, template_by_name
from mktdash.reports.parameters import InvalidParametersError
from mktdash.reports.request import request_run
from mktdash.security.principals import Role


@strawberry.type
class ReportMutations:
    """Changes of reports."""

    @strawberry.mutation(**needs(Role.ANALYST, "Request a report.", "BAD_INPUT"))
    async def request_report(
        self,
        info: Info,
        input: Annotated[RequestReportInput, Text(description="The report to make.")],  # noqa: A002 - the agreed name
    ) -> RequestReportResult:
        """Queue a run; expected failures are members of the result."""
        if input.idempotency_key is not None:
            bounds.name(input.idempotency_key, "idempotencyKey")
        try:
            template = template_by_name(input.template)
        except UnknownTemplateError as error:
            return UnknownTemplate(message=error.message, template=input.template, known=list(error.data["known"]))
        try:
            async with change(info, "report", "queue") as made:
                run = await request_run(
                    made.conn,
                    template,
                    input.parameters,  # type: ignore[arg-type]  # it judges any JSON value
                    requested_by=made.by,
                    now=made.now,
                    idempotency_key=input.idempotency_key,
                )
                await made.audit("requestReport", f"report run {run.id}", template=template.name)
        except InvalidParametersError as error:
            return InvalidParameters(
                message=f"the parameters do not fit {template.name}",
                problems=[ParameterProblem(**problem) for problem in error.data["problems"]],
            )
        return ReportRunType.from_row(run)
