"""Asking for a report: what the parameters say is held against the data before a run is queued."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.reports.base import ReportTemplate
from mktdash.reports.parameters import checked_parameters
from mktdash.store.jobs.reports import ReportRow, insert_report
from mktdash.store.jobs.runs import QUEUED


async def request_run(
    conn: AsyncConnection,
    template: ReportTemplate[Any, Any],
    parameters: Mapping[str, Any] | None,
    *,
    requested_by: str,
    now: int,
    idempotency_key: str | None = None,
) -> ReportRow:
    """Queue a run within the caller's write transaction, which an error must undo; wake the workers after it.

    Raises:
        InvalidParametersError: they do not fit the template, or the template's own check refuses them.
        InvalidInputError: the key was used before for something else.
    """
    checked = checked_parameters(template, parameters)
    run = await insert_report(
        conn,
        template=template.name,
        template_version=template.version,
        parameters=checked,
        requested_by=requested_by,
        now=now,
        idempotency_key=idempotency_key,
    )
    # A run of an earlier request with this key is given as it is, whatever the data have become since.
    if run.state == QUEUED:
        await template.check(conn, template.parameters.model_validate(checked))
    return run
