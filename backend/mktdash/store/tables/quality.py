"""Verdicts on datasets with their history, what they were put together from, and the alerts that people answer."""

from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from mktdash.store.tables.columns import big_id, micros


class DqResult(SQLModel, table=True):
    """What one check said of one dataset at one time, from which version of it, by which code.

    ``since`` is when the present status began. ``evidence`` is what a person needs to believe it.
    """

    __tablename__ = "dq_result"
    __table_args__ = (Index("ix_dq_result_dataset", "dataset", "metric", "run_at"),)

    id: int | None = big_id()
    dataset: str = Field(foreign_key="dataset.key")
    metric: str
    status: str
    value: float | None = None
    unit: str
    warn: float | None = None
    fail: float | None = None
    summary: str
    evidence: dict[str, Any] = Field(sa_type=JSON)
    window_end: int = micros()
    since: int = micros()
    run_at: int = micros()
    dataset_version: int = micros()
    code_sha: str


class DqState(SQLModel, table=True):
    """What a check last found in each single series, so that an ingest of one series need not look at all the others.

    ``series`` is ``{series id: finding}``; it holds for the sessions named by ``window`` and is void for others.
    """

    __tablename__ = "dq_state"

    dataset: str = Field(primary_key=True, foreign_key="dataset.key")
    metric: str = Field(primary_key=True)
    window: str
    code_sha: str
    dataset_version: int = micros()
    series: dict[str, Any] = Field(sa_type=JSON)


class DqAlert(SQLModel, table=True):
    """A verdict that was not PASS, from when it began until it passed; what an operator said of it."""

    __tablename__ = "dq_alert"
    __table_args__ = (Index("ix_dq_alert_dataset", "dataset", "metric", "closed_at"),)

    id: int | None = big_id()
    dataset: str = Field(foreign_key="dataset.key")
    metric: str
    status: str
    worst: str
    summary: str
    opened_at: int = micros()
    changed_at: int = micros()
    closed_at: int | None = micros(default=None, nullable=True)
    acknowledged_by: str | None = None
    acknowledged_at: int | None = micros(default=None, nullable=True)
    muted_by: str | None = None
    muted_until: int | None = micros(default=None, nullable=True)
    note: str | None = None


class Ended(SQLModel, table=True):
    """That a series (or, with ``series_id`` 0, a dataset) is published no more, as an operator recorded.

    ``ended_on`` is the last session that has a value, as an ISO date.
    """

    dataset: str = Field(primary_key=True, foreign_key="dataset.key")
    series_id: int = micros(primary_key=True)
    ended_on: str
    reason: str
    recorded_by: str
    recorded_at: int = micros()
