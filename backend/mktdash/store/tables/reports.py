"""Reports: what each run was asked of, the snapshots they are built from, and the files that were built."""

from typing import Any

from sqlalchemy import JSON, LargeBinary
from sqlmodel import Field, SQLModel

from mktdash.store.tables.columns import micros


class ReportSnapshot(SQLModel, table=True):
    """The data a report is built from: per dataset its version and known time, and the hash over all chunk digests.

    ``contents`` is ``{"datasets": [{key, version, known_at}], "chunks": [[series key, period, digest], ...]}``; series
    go by their natural keys, so the same data has the same id in another database.
    """

    __tablename__ = "report_snapshot"

    id: str = Field(primary_key=True)
    taken_at: int = micros()
    contents: dict[str, Any] = Field(sa_type=JSON)


class ReportRun(SQLModel, table=True):
    """What a report's run has besides what every run has: its template, and what it was built from.

    ``snapshot_at`` is when this run took its snapshot; a run that finds the same data shares the snapshot's row.
    ``snapshot_facts`` is what the report shows besides observations, as it was then: names, licences, verdicts.
    """

    __tablename__ = "report_run"

    id: str = Field(primary_key=True, foreign_key="job_run.id")
    template: str
    template_version: int
    snapshot_id: str | None = Field(default=None, foreign_key="report_snapshot.id")
    snapshot_at: int | None = micros(default=None, nullable=True)
    snapshot_facts: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    code_sha: str | None = None


class ReportArtifact(SQLModel, table=True):
    """A rendered file, named by its hash."""

    __tablename__ = "report_artifact"

    run_id: str = Field(primary_key=True, foreign_key="report_run.id")
    format: str = Field(primary_key=True)
    content_type: str
    sha256: str
    size: int
    body: bytes = Field(sa_type=LargeBinary)
    created_at: int = micros()
