"""Asking for a report: what the parameters say is held against the data before a run is queued."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import UnknownSymbolError
from mktdash.reports.catalogue import Template, checked_parameters
from mktdash.reports.market_summary.selection import candidate_series
from mktdash.store.jobs.runs import QUEUED, RunRow, insert_run


async def request_run(
    conn: AsyncConnection,
    template: Template,
    parameters: Mapping[str, Any] | None,
    *,
    requested_by: str,
    now: int,
    idempotency_key: str | None = None,
) -> RunRow:
    """Queue a run within the caller's write transaction, which an error must undo; wake the workers after it.

    A symbol that is not known is told by the run: it may have arrived until then.

    Raises:
        InvalidParametersError: they do not fit the template, or may mean series of two datasets.
        InvalidInputError: the key was used before for something else.
    """
    checked = checked_parameters(template, parameters)
    run = await insert_run(
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
        with suppress(UnknownSymbolError):
            await candidate_series(conn, template.model.model_validate(checked))
    return run
