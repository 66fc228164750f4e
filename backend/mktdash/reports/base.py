"""What a report template is: what may be asked of it, which series it shows, what it makes of them, and its files.

A template is a folder beside this module and a line in ``catalogue``. All else about a report is the same for every
template: the queue, the snapshot, the rendering process, the verification, the command line, the API, the page's form.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.jobs.reports import ReportRow

Parameters = TypeVar("Parameters", bound=BaseModel)
Content = TypeVar("Content")
OnStage = Callable[[str, float], None]


class Format(StrEnum):
    """The file formats a report can have."""

    PDF = "pdf"
    HTML = "html"
    CSV = "csv"


Render = Callable[[Any, OnStage], Mapping[Format, bytes]]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a report will show, chosen by its parameters from the data there are.

    Attributes:
        series: in the report's order; the snapshot covers all their observations.
        facts: JSON-ready, and kept with the run: whatever else was chosen by looking at the data, such as a period.
            ``series`` and ``datasets`` are added by the snapshot.
    """

    series: tuple[SeriesRow, ...]
    facts: Mapping[str, Any]


async def accept(conn: AsyncConnection, parameters: BaseModel) -> None:
    """Every request whose parameters fit their model is queued."""
    del conn, parameters


@dataclass(frozen=True)
class ReportTemplate(Generic[Parameters, Content]):
    """A kind of report.

    Attributes:
        name: what it is asked for by; ``version`` grows when what it shows changes.
        parameters: what may be asked; each must have a default. Its JSON Schema is published under ``schema/reports``.
        select: which series and facts the parameters mean, in a read transaction.
        build: everything the files say, from the run, its parameters and its snapshot's facts. It must be picklable,
            and equal for equal facts: it reads observations as known at the facts' ``known_at`` and asks no clock.
        render: the files of what was built, in another process; pure, and told the stages it reaches (0 to 1).
        check: refuses, before a run is queued, what can mean nothing in the data as they are.
    """

    name: str
    version: int
    title: str
    description: str
    parameters: type[Parameters]
    select: Callable[[AsyncConnection, Parameters], Awaitable[Selection]]
    build: Callable[[AsyncConnection, ReportRow, Parameters, dict[str, Any]], Awaitable[Content]]
    render: Callable[[Content, OnStage], Mapping[Format, bytes]]
    check: Callable[[AsyncConnection, Parameters], Awaitable[None]] = accept

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its parameters."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **self.parameters.model_json_schema()}
