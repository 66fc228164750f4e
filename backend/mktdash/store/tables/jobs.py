"""The queue: runs of every kind of job in one table, and what happened to each (ops/decisions/0021)."""

from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from mktdash.store.tables.columns import big_id, micros


class JobRun(SQLModel, table=True):
    """One run of a job. States: queued, running, succeeded, dead, cancelled.

    ``epoch`` is the fencing token, ``lease_until`` the end of the worker's lease. ``result`` is what earlier attempts
    finished, for a job that goes on from there; ``progress`` then stays as it is between attempts.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        Index("ix_job_run_state", "state", "available_at"),
        Index("ix_job_run_kind", "kind", "id"),
        Index("ux_job_run_idempotency_key", "kind", "idempotency_key", unique=True),
    )

    id: str = Field(primary_key=True)
    kind: str
    parameters: dict[str, Any] = Field(sa_type=JSON)
    state: str = "queued"
    stage: str = "queued"
    progress: float = 0.0
    epoch: int = 0
    attempts: int = 0
    max_attempts: int
    crashes: int = 0
    max_crashes: int
    requested_by: str = ""
    idempotency_key: str | None = None
    created_at: int = micros()
    available_at: int = micros()
    dispatched_at: int | None = micros(default=None, nullable=True)
    started_at: int | None = micros(default=None, nullable=True)
    finished_at: int | None = micros(default=None, nullable=True)
    lease_until: int | None = micros(default=None, nullable=True)
    worker: str | None = None
    result: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    error_code: str | None = None
    error_message: str | None = None


class RunEvent(SQLModel, table=True):
    """What happened to a run, in order."""

    __tablename__ = "run_event"
    __table_args__ = (Index("ix_run_event_run_id", "run_id", "id"),)

    id: int | None = big_id()
    run_id: str = Field(foreign_key="job_run.id")
    at: int = micros()
    state: str
    stage: str
    progress: float
    epoch: int
    message: str = ""
