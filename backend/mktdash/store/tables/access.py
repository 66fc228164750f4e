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
    # The token that an administrator made it with over the API; none for those of the command line.
    made_by: str | None = None


class BrowserSession(SQLModel, table=True):
    """A browser that showed a token, by the SHA-256 of its cookie; role and name are those of the token."""

    __tablename__ = "browser_session"
    __table_args__ = (Index("ix_browser_session_token_id", "token_id"),)

    id: str = Field(primary_key=True)
    sha256: str = Field(unique=True)
    token_id: str = Field(foreign_key="api_token.id", ondelete="CASCADE")
    opened_at: int = micros()
    expires_at: int = micros()
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
