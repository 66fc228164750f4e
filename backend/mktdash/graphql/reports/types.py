"""Report templates, the runs asked for, and the files they made."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any

import strawberry

from mktdash.graphql.context import RequestContext
from mktdash.graphql.loaders import batched
from mktdash.graphql.vocabulary.connection import Cursor
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on
from mktdash.graphql.vocabulary.failure import Failure
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant, Json
from mktdash.reports.base import ReportTemplate
from mktdash.store.jobs.reports import ArtifactRow, ReportRow, artifacts_by_run_ids
from mktdash.store.jobs.runs import Run
from mktdash.store.live.topic_versions import REPORTS

RUNS = "ReportRun"
RUN_LIST = Cursor(RUNS, id=str)


@strawberry.enum(name="ReportState", description="The state of a run.")
class ReportState(Enum):
    """States of a run."""

    QUEUED = strawberry.enum_value("queued", description="Waiting for a worker.")
    RUNNING = strawberry.enum_value("running", description="A worker is working on it.")
    SUCCEEDED = strawberry.enum_value("succeeded", description="Finished without an error.")
    DEAD = strawberry.enum_value("dead", description="Given up after its last attempt failed.")
    CANCELLED = strawberry.enum_value("cancelled", description="Cancelled.")


@strawberry.enum(name="ReportFormat", description="The file formats of a report.")
class ReportFormat(Enum):
    """Formats of artifacts."""

    PDF = strawberry.enum_value("pdf", description="A document to print.")
    HTML = strawberry.enum_value("html", description="One self-contained web page.")
    CSV = strawberry.enum_value("csv", description="The numbers alone.")


# Made of code alone.
@attributes_depend_on()
@strawberry.type(name="ReportTemplate", description="A kind of report.")
class ReportTemplateType:
    """A template."""

    name: str = strawberry.field(description="Its name, for `requestReport`.")
    version: int = strawberry.field(description="Grows when its content changes.")
    title: str = strawberry.field(description="Its title.")
    description: str = strawberry.field(description="What it shows.")
    parameters: Json = strawberry.field(description="The JSON Schema of its parameters.")

    @classmethod
    def from_row(cls, template: ReportTemplate[Any, Any]) -> "ReportTemplateType":
        """A template of the catalogue."""
        return from_row(cls, template, parameters=Json(template.schema))


@attributes_depend_on(REPORTS)
@strawberry.type(name="ReportArtifact", description="A file of a finished report.")
class ReportArtifactType:
    """An artifact."""

    format: ReportFormat = strawberry.field(description="Its file format.")
    url: str = strawberry.field(description="The path of the file on this server.")
    bytes: int = strawberry.field(description="Its size in bytes.")
    sha256: str = strawberry.field(description="SHA-256 of the file, in hex; the same input gives the same bytes.")
    content_type: str = strawberry.field(description="Its media type.")

    @classmethod
    def from_row(cls, row: ArtifactRow) -> "ReportArtifactType":
        """A file as stored."""
        url = f"/api/reports/{row.run_id}/{row.format}"
        return from_row(cls, row, format=ReportFormat(row.format), url=url, bytes=row.size)


@attributes_depend_on(REPORTS)
@strawberry.type(name="ReportError", description="Why a report could not be made.")
class ReportErrorType:
    """The last error of a run."""

    code: str = strawberry.field(description="Stable, machine-readable name of the error.")
    message: str = strawberry.field(description="What went wrong.")

    @classmethod
    def of_run(cls, row: Run) -> "ReportErrorType | None":
        """The last error of a run as stored."""
        return None if row.error_code is None else cls(code=row.error_code, message=row.error_message or "")


@attributes_depend_on(REPORTS)
@strawberry.type(name="ReportRun", description="A requested report.")
class ReportRunType(Node):
    """A run."""

    run_id: str = strawberry.field(description="The run's own id, as in URLs, logs and the command line.")
    template: str = strawberry.field(description="The template's name.")
    template_version: int = strawberry.field(description="The template's version at the request.")
    parameters: Json = strawberry.field(description="Its parameters.")
    state: ReportState = strawberry.field(description="Its state.")
    stage: str = strawberry.field(description="The present step.")
    progress: float = strawberry.field(description="The progress, from 0 to 1.")
    attempts: int = strawberry.field(description="How many times a worker has started it.")
    created_at: Instant = strawberry.field(description="When it was requested.")
    started_at: Instant | None = strawberry.field(description="When a worker last started it.")
    finished_at: Instant | None = strawberry.field(description="When it ended.")
    snapshot_id: str | None = strawberry.field(description="The id of the data snapshot it is built from.")
    code_sha: str | None = strawberry.field(description="The version of the code that built it.")
    error: ReportErrorType | None = strawberry.field(
        metadata=depends_on(REPORTS), description="Why its last attempt failed."
    )
    known_artifacts: strawberry.Private[list[ReportArtifactType] | None] = None

    @batched(metadata=depends_on(REPORTS), description="Its finished files.")
    @staticmethod
    async def artifacts(parents: Sequence["ReportRunType"], context: RequestContext) -> list[list[ReportArtifactType]]:
        """Those read with the run, where they were."""
        unknown = [parent.run_id for parent in parents if parent.known_artifacts is None]
        found: dict[str, list[ArtifactRow]] = {}
        if unknown:
            async with context.read() as conn:
                found = await artifacts_by_run_ids(conn, unknown)
        return [
            [ReportArtifactType.from_row(row) for row in found[parent.run_id]]
            if parent.known_artifacts is None
            else parent.known_artifacts
            for parent in parents
        ]

    @classmethod
    def from_row(cls, row: ReportRow, artifacts: list[ArtifactRow] | None = None) -> "ReportRunType":
        """A run as stored; with its files where they were read at the same instant."""
        return from_row(
            cls,
            row,
            id=global_id(RUNS, row.id),
            run_id=row.id,
            state=ReportState(row.state),
            error=ReportErrorType.of_run(row),
            known_artifacts=None if artifacts is None else [ReportArtifactType.from_row(one) for one in artifacts],
        )


@strawberry.input(description="The report to make.")
class RequestReportInput:
    """A request for a report."""

    template: str = strawberry.field(description="The template's name.")
    parameters: Json | None = strawberry.field(default=None, description="Its parameters, a JSON object.")
    idempotency_key: str | None = strawberry.field(
        default=None, description="A repeated request with the same key returns the run of the first."
    )


@strawberry.type(description="There is no such template.")
class UnknownTemplate(Failure):
    """An expected failure."""

    template: str = strawberry.field(description="The name in the request.")
    known: list[str] = strawberry.field(description="The known names.")


@strawberry.type(description="What is wrong with one parameter.")
class ParameterProblem:
    """One problem."""

    path: str = strawberry.field(description="JSON pointer to the parameter; empty for all of them.")
    message: str = strawberry.field(description="What is wrong with it.")


@strawberry.type(description="The parameters do not fit the template.")
class InvalidParameters(Failure):
    """An expected failure."""

    problems: list[ParameterProblem] = strawberry.field(description="Every problem found.")


RequestReportResult = Annotated[
    ReportRunType | UnknownTemplate | InvalidParameters,
    strawberry.union("RequestReportResult", description="The queued run, or why none was queued."),
]
