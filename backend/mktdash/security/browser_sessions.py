"""Browsers' sessions: had for a token, never longer than it, a bounded number of them, ended by logging out."""

from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.security.principals import Principal
from mktdash.security.tokens import new_secret
from mktdash.store.access.audit import append_audit
from mktdash.store.access.browser_sessions import (
    SessionRow,
    delete_expired,
    delete_session,
    insert_session,
    lock_token,
    prolong,
)
from mktdash.store.engine.session import write_transaction

LONGEST = timedelta(days=7)
_SECOND = 1_000_000


class OpenedSession(NamedTuple):
    """A session of a browser; ``text`` is its cookie's value, None where it keeps the one that it has."""

    text: str | None
    seconds: int


async def open_session(
    engine: AsyncEngine, token: Principal, held: Principal | None, *, clock: Clock, detail: dict[str, Any]
) -> OpenedSession | None:
    """Let a browser in by a token; None where the token has just ended.

    A browser that holds a session of this token keeps it, for as long as a new one would last; one of another token
    is ended, since the browser forgets it.

    Args:
        engine: the store.
        token: who the token in the address speaks for.
        held: who the browser's present session speaks for.
        clock: now.
        detail: what else to write into the audit log.
    """
    assert token.token_id is not None  # noqa: S101 - by a token
    now = to_micros(clock())
    own = held.session_id if held is not None and held.token_id == token.token_id else None
    async with write_transaction(engine) as conn:
        live, end = await lock_token(conn, token.token_id, now)
        if not live:
            return None
        ends = now + LONGEST // timedelta(microseconds=1)
        ends = ends if end is None else min(ends, end)
        seconds = -((now - ends) // _SECOND)
        if own is not None and await prolong(conn, own, token.token_id, ends):
            return OpenedSession(None, seconds)
        await delete_expired(conn, token.token_id, now)
        secret = new_secret()
        await insert_session(
            conn, session_id=secret.id, sha256=secret.sha256, token_id=token.token_id, opened_at=now, expires_at=ends
        )
        await append_audit(
            conn,
            at=now,
            principal=token.name,
            action="openSession",
            target=f"session {secret.id}",
            detail={"token": token.token_id, "role": token.role.name.lower(), **detail},
        )
    if held is not None and held.session_id is not None:
        await end_session(engine, held.session_id, by=held.name, clock=clock, detail=detail)
    return OpenedSession(secret.text, seconds)


async def end_session(
    engine: AsyncEngine, session_id: str, *, by: str, clock: Clock, detail: dict[str, Any] | None = None
) -> SessionRow | None:
    """End a session, in the audit log. Returns what it was; None where there is none (any more) of this id."""
    now = to_micros(clock())
    async with write_transaction(engine) as conn:
        ended = await delete_session(conn, session_id)
        if ended is not None:
            target, facts = f"session {session_id}", {"token": ended.token_id, "name": ended.name, **(detail or {})}
            await append_audit(conn, at=now, principal=by, action="endSession", target=target, detail=facts)
    return ended
