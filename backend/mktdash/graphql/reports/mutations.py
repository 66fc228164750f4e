"""Asking for a report: a row in the queue, which a worker takes."""

from typing import Annotated

import strawberry

from mktdash.graphql.context import Info
from mktdash.graphql.reports.types import (
    InvalidParameters,
    ParameterProblem,
    ReportRunType,
    RequestReportInput,
    RequestReportResult,
    UnknownTemplate,
)
from mktdash.graphql.rights import Needs
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.live.publish import notify
from mktdash.reports.catalogue import UnknownTemplateError, template_by_name
from mktdash.reports.parameters import InvalidParametersError
from mktdash.reports.request import request_run
from mktdash.security.principals import Role
from mktdash.store.access.audit import append_audit
from mktdash.store.engine.session import write_transaction


@strawberry.type
class ReportMutations:
    """What can be asked to be done of reports."""

    @strawberry.mutation(
        description="Ask for a report. Needs the role analyst or above. Errors: UNAUTHENTICATED, FORBIDDEN, BAD_INPUT.",
        extensions=[Needs(Role.ANALYST)],
    )
    async def request_report(
        self,
        info: Info,
        input: Annotated[RequestReportInput, Text(description="What report to make.")],  # noqa: A002 - the agreed name
    ) -> RequestReportResult:
        """Queue a run; expected failures are members of the result."""
        context = info.context
        if input.idempotency_key is not None:
            bounds.name(input.idempotency_key, "idempotencyKey")
        try:
            template = template_by_name(input.template)
        except UnknownTemplateError as error:
            return UnknownTemplate(message=error.message, template=input.template, known=list(error.data["known"]))
        now = context.services.now
        try:
            async with write_transaction(context.services.engine) as conn:
                run = await request_run(
                    conn,
                    template,
                    input.parameters,  # type: ignore[arg-type]  # it judges any JSON value
                    requested_by=context.principal.name,
                    now=now,
                    idempotency_key=input.idempotency_key,
                )
                await append_audit(
                    conn,
                    at=now,
                    principal=context.principal.name,
                    action="requestReport",
                    target=f"report run {run.id}",
                    detail={"template": template.name, "requestId": context.request_id, "client": context.client},
                )
        except InvalidParametersError as error:
            return InvalidParameters(
                message=f"the parameters do not fit {template.name}",
                problems=[ParameterProblem(**problem) for problem in error.data["problems"]],
            )
        await notify(context.services.redis, ["report"])
        return ReportRunType.from_row(run)
