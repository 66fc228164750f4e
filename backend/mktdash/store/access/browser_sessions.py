"""Browsers' sessions as rows: each hangs on a token, and a token has a bounded number of them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.engine.page import Page, read_page
from mktdash.store.tables import SESSIONS, TOKENS

MOST_A_TOKEN = 20


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session with what its token says of it; instants in microseconds UTC."""

    id: str
    token_id: str
    name: str
    role: str
    opened_at: int
    expires_at: int
    last_used_at: int | None


_ROWS = sa.select(
    SESSIONS.c.id,
    SESSIONS.c.token_id,
    TOKENS.c.name,
    TOKENS.c.role,
    SESSIONS.c.opened_at,
    SESSIONS.c.expires_at,
    SESSIONS.c.last_used_at,
).join(TOKENS, TOKENS.c.id == SESSIONS.c.token_id)


def _open_at(now: int) -> sa.ColumnElement[bool]:
    return (
        (SESSIONS.c.expires_at > now)
        & TOKENS.c.revoked_at.is_(None)
        & (TOKENS.c.expires_at.is_(None) | (TOKENS.c.expires_at > now))
    )


async def lock_token(conn: AsyncConnection, token_id: str, now: int) -> tuple[bool, int | None]:
    """Whether a token is live at an instant, and its end; nobody revokes it before this write transaction is over."""
    query = sa.select(TOKENS.c.revoked_at, TOKENS.c.expires_at).where(TOKENS.c.id == token_id).with_for_update()
    row = (await conn.execute(query)).first()
    if row is None:
        return False, None
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at), row.expires_at


async def insert_session(
    conn: AsyncConnection, *, session_id: str, sha256: str, token_id: str, opened_at: int, expires_at: int
) -> None:
    """Keep a new session's hash; of more than a token may have, those unused for longest end.

    In a write transaction that has locked the token.
    """
    used = sa.func.coalesce(SESSIONS.c.last_used_at, SESSIONS.c.opened_at)
    mine = sa.select(SESSIONS.c.id).where(SESSIONS.c.token_id == token_id)
    kept = mine.order_by(used.desc(), SESSIONS.c.id).limit(MOST_A_TOKEN - 1)
    surplus = set((await conn.execute(mine)).scalars()) - set((await conn.execute(kept)).scalars())
    if surplus:
        await conn.execute(sa.delete(SESSIONS).where(SESSIONS.c.id.in_(sorted(surplus))))
    await conn.execute(
        sa.insert(SESSIONS).values(
            id=session_id, sha256=sha256, token_id=token_id, opened_at=opened_at, expires_at=expires_at
        )
    )


async def prolong(conn: AsyncConnection, session_id: str, token_id: str, expires_at: int) -> bool:
    """Let a session of a token last until an instant. Returns whether there is such a session."""
    wanted = (SESSIONS.c.id == session_id) & (SESSIONS.c.token_id == token_id)
    return (await conn.execute(sa.update(SESSIONS).where(wanted).values(expires_at=expires_at))).rowcount > 0


async def delete_session(conn: AsyncConnection, session_id: str) -> SessionRow | None:
    """End a session. Returns what it was; None where there is none of this id."""
    row = (await conn.execute(_ROWS.where(SESSIONS.c.id == session_id))).first()
    if row is None:
        return None
    done = await conn.execute(sa.delete(SESSIONS).where(SESSIONS.c.id == session_id))
    return SessionRow(*row) if done.rowcount else None


async def delete_expired(conn: AsyncConnection, token_id: str, now: int) -> None:
    """Forget a token's sessions that have ended by themselves. In a write transaction that has locked the token."""
    await conn.execute(sa.delete(SESSIONS).where(SESSIONS.c.token_id == token_id, SESSIONS.c.expires_at <= now))


async def open_sessions(conn: AsyncConnection, now: int) -> list[SessionRow]:
    """The sessions open at an instant, newest first."""
    query = _ROWS.where(_open_at(now)).order_by(SESSIONS.c.opened_at.desc(), SESSIONS.c.id)
    return [SessionRow(*row) for row in (await conn.execute(query)).all()]


async def sessions_page(
    conn: AsyncConnection, now: int, *, first: int, after: tuple[int, str] | None = None
) -> Page[SessionRow]:
    """The sessions open at an instant, newest first; ``after`` is when the last one before was opened, and its id."""
    order = [(SESSIONS.c.opened_at, True), (SESSIONS.c.id, False)]
    return await read_page(conn, _ROWS.where(_open_at(now)), SessionRow, order, first=first, after=after)
