"""The report queue (the row is the job), the snapshots that reports are built from, and what was built."""

from typing import Any

from sqlalchemy import JSON, Index, LargeBinary
from sqlmodel import Field, SQLModel

from mktdash.store.tables.columns import big_id, micros


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
    """One requested report. States: queued, running, succeeded, dead, cancelled. ``epoch`` fences stale workers out.

    ``snapshot_at`` is when this run took its snapshot; a run that finds the same data shares the snapshot's row.
    ``snapshot_facts`` is what the report shows besides observations, as it was then: names, licences, verdicts.
    """

    __tablename__ = "report_run"
    __table_args__ = (
        Index("ix_report_run_state", "state", "available_at"),
        Index("ix_report_run_created_at", "created_at"),
        Index("ux_report_run_idempotency_key", "idempotency_key", unique=True),
    )

    id: str = Field(primary_key=True)
    template: str
    template_version: int
    parameters: dict[str, Any] = Field(sa_type=JSON)
    state: str = "queued"
    stage: str = "queued"
    progress: float = 0.0
    epoch: int = 0
    attempts: int = 0
    max_attempts: int = 4
    crashes: int = 0
    requested_by: str = ""
    idempotency_key: str | None = None
    created_at: int = micros()
    available_at: int = micros()
    dispatched_at: int | None = micros(default=None, nullable=True)
    started_at: int | None = micros(default=None, nullable=True)
    finished_at: int | None = micros(default=None, nullable=True)
    lease_until: int | None = micros(default=None, nullable=True)
    worker: str | None = None
    snapshot_id: str | None = Field(default=None, foreign_key="report_snapshot.id")
    snapshot_at: int | None = micros(default=None, nullable=True)
    snapshot_facts: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    code_sha: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class ReplayRun(SQLModel, table=True):
    """One requested replay. States as of reports. ``results`` has an entry for each dataset that is done.

    What was learned after ``since`` is told again from its raw bytes. ``epoch`` fences stale workers out.
    """

    __tablename__ = "replay_run"
    __table_args__ = (Index("ix_replay_run_state", "state", "available_at"),)

    id: str = Field(primary_key=True)
    since: int = micros()
    source: str | None = None
    state: str = "queued"
    total: int = 0
    results: list[dict[str, Any]] = Field(sa_type=JSON)
    epoch: int = 0
    attempts: int = 0
    requested_by: str = ""
    created_at: int = micros()
    available_at: int = micros()
    dispatched_at: int | None = micros(default=None, nullable=True)
    started_at: int | None = micros(default=None, nullable=True)
    finished_at: int | None = micros(default=None, nullable=True)
    lease_until: int | None = micros(default=None, nullable=True)
    worker: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class RunEvent(SQLModel, table=True):
    """What happened to a run, in order."""

    __tablename__ = "run_event"
    __table_args__ = (Index("ix_run_event_run_id", "run_id", "id"),)

    id: int | None = big_id()
    run_id: str = Field(foreign_key="report_run.id")
    at: int = micros()
    state: str
    stage: str
    progress: float
    epoch: int
    message: str = ""


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
