"""Verdicts on datasets, with their history."""

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
