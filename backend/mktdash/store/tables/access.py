"""Who may do what, and who did."""

from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from mktdash.store.tables.columns import big_id, micros


class ApiToken(SQLModel, table=True):
    """A token by its SHA-256; the token itself is shown once and kept nowhere."""

    __tablename__ = "api_token"

    id: str = Field(primary_key=True)
    sha256: str = Field(unique=True)
    name: str
    role: str
    kind: str = "api"
    created_at: int = micros()
    expires_at: int | None = micros(default=None, nullable=True)
    revoked_at: int | None = micros(default=None, nullable=True)
    last_used_at: int | None = micros(default=None, nullable=True)


class AuditEvent(SQLModel, table=True):
    """Who changed what, when, and from where."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_at", "at"),)

    id: int | None = big_id()
    at: int = micros()
    principal: str
    action: str
    target: str
    detail: dict[str, Any] = Field(sa_type=JSON)
