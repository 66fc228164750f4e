"""The outbox of events that subscriptions resume from, and the beats that say a process is alive."""

from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from mktdash.store.tables.columns import big_id, micros


class EventEpoch(SQLModel, table=True):
    """The identity of this event log; a restored or fresh database gets another, so old cursors match it never."""

    __tablename__ = "event_epoch"

    id: int = Field(primary_key=True)
    epoch: str


class Event(SQLModel, table=True):
    """A change, written in the transaction that made it. ``id`` is the offset of a resume cursor.

    Topics: ``observations`` (key: series id), ``report`` (key: run id), ``quality`` (key: dataset).
    """

    __table_args__ = (Index("ix_event_topic", "topic", "id"), {"sqlite_autoincrement": True})

    id: int | None = big_id()
    topic: str
    key: str
    payload: dict[str, Any] = Field(sa_type=JSON)
    created_at: int = micros()


class TopicVersion(SQLModel, table=True):
    """How often a topic has changed; triggers move it in the change's transaction (``store.live.topic_versions``)."""

    __tablename__ = "topic_version"

    topic: str = Field(primary_key=True)
    version: int = micros()


class ProcessBeat(SQLModel, table=True):
    """A running web, worker or feed process and its last sign of life."""

    __tablename__ = "worker_beat"

    id: str = Field(primary_key=True)
    kind: str
    host: str
    pid: int
    started_at: int = micros()
    beat_at: int = micros()
    detail: dict[str, Any] = Field(sa_type=JSON)
