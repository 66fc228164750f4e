"""Access tokens as rows. The tokens themselves are never here, only their SHA-256."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.store.engine.page import Page, read_page
from mktdash.store.engine.session import is_postgres
from mktdash.store.tables import SESSIONS, TOKENS

# Any constant does; it only has to be the same in every process.
_NAMES_LOCK = 0x6D6B_7464_6173_6805


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token without its secret; instants in microseconds UTC. ``sessions`` are those that are open now."""

    id: str
    name: str
    role: str
    kind: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None
    made_by: str | None
    sessions: int

    def live_at(self, now_micros: int) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now_micros < self.expires_at)


def _rows(now: int) -> sa.Select[Any]:
    """Every token with the number of its sessions at an instant."""
    opened = (
        sa.select(sa.func.count())
        .where(SESSIONS.c.token_id == TOKENS.c.id, SESSIONS.c.expires_at > now, _live(now))
        .correlate(TOKENS)
        .scalar_subquery()
    )
    names = ("id", "name", "role", "kind", "created_at", "expires_at", "revoked_at", "last_used_at", "made_by")
    return sa.select(*(TOKENS.c[name] for name in names), opened.label("sessions"))


def _live(now: int) -> sa.ColumnElement[bool]:
    return TOKENS.c.revoked_at.is_(None) & (TOKENS.c.expires_at.is_(None) | (TOKENS.c.expires_at > now))


async def insert_token(
    conn: AsyncConnection,
    *,
    token_id: str,
    sha256: str,
    name: str,
    role: str,
    kind: str,
    created_at: int,
    expires_at: int | None,
    made_by: str | None = None,
) -> None:
    """Keep a new token's hash."""
    await conn.execute(
        sa.insert(TOKENS).values(
            id=token_id,
            sha256=sha256,
            name=name,
            role=role,
            kind=kind,
            created_at=created_at,
            expires_at=expires_at,
            made_by=made_by,
        )
    )


async def reserve_token_name(conn: AsyncConnection, name: str, now: int) -> None:
    """Pass a name that no live token has; until the end of this write transaction nobody else gets one.

    Raises:
        InvalidInputError: one has it.
    """
    if is_postgres(conn):
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_NAMES_LOCK)))
    taken = (await conn.execute(sa.select(TOKENS.c.id).where(TOKENS.c.name == name, _live(now)))).scalars().first()
    if taken is not None:
        raise InvalidInputError(
            f"the token {taken} is called {name!r} already: take another name, or revoke that one first",
            name=name,
            token=taken,
        )


async def all_tokens(conn: AsyncConnection, now: int) -> list[TokenRow]:
    """Every token, newest first."""
    query = _rows(now).order_by(TOKENS.c.created_at.desc(), TOKENS.c.id)
    return [TokenRow(*row) for row in (await conn.execute(query)).all()]


async def tokens_page(
    conn: AsyncConnection, now: int, *, first: int, after: tuple[int, str] | None = None
) -> Page[TokenRow]:
    """Tokens, newest first; ``after`` is when the last one of the page before was made, and its id."""
    order = [(TOKENS.c.created_at, True), (TOKENS.c.id, False)]
    return await read_page(conn, _rows(now), TokenRow, order, first=first, after=after)


async def token_named(conn: AsyncConnection, text: str, now: int) -> TokenRow:
    """The token of an id, live or not, or else the live one of a name.

    Raises:
        NotFoundError: there is none.
        InvalidInputError: several live tokens have the name.
    """
    row = (await conn.execute(_rows(now).where(TOKENS.c.id == text))).first()
    if row is not None:
        return TokenRow(*row)
    query = _rows(now).where(TOKENS.c.name == text, _live(now)).order_by(TOKENS.c.id)
    found = [TokenRow(*row) for row in (await conn.execute(query)).all()]
    if not found:
        raise NotFoundError(
            f"no token has the id {text!r}, and no live one that name: see `mktdash token list`", token=text
        )
    if len(found) > 1:
        ids = [one.id for one in found]
        several = ", ".join(ids)
        raise InvalidInputError(f"{text!r} is the name of several tokens, {several}: say which by its id", ids=ids)
    return found[0]


async def made_with(conn: AsyncConnection, token_id: str, now: int) -> list[TokenRow]:
    """The live tokens that an administrator made over the API with this one."""
    query = _rows(now).where(TOKENS.c.made_by == token_id, _live(now)).order_by(TOKENS.c.created_at)
    return [TokenRow(*row) for row in (await conn.execute(query)).all()]


async def revoke(conn: AsyncConnection, token_ids: list[str], now: int) -> int:
    """End tokens that are not revoked yet, and every session of theirs. Returns how many tokens.

    A browser that is just being let in waits for this or is waited for: both lock the token's row.
    """
    done = await conn.execute(
        sa.update(TOKENS).where(TOKENS.c.id.in_(token_ids), TOKENS.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    await conn.execute(sa.delete(SESSIONS).where(SESSIONS.c.token_id.in_(token_ids)))
    return done.rowcount


async def delete_tokens(conn: AsyncConnection, *, kind: str, name: str) -> None:
    """Remove the tokens of a kind and a name, with their sessions."""
    await conn.execute(sa.delete(TOKENS).where(TOKENS.c.kind == kind, TOKENS.c.name == name))


async def mark_used(conn: AsyncConnection, used_id: str, at: int) -> None:
    """Note that a token or a session was used. One a transaction: it holds no row while it waits for another."""
    for table in (TOKENS, SESSIONS):
        later = table.c.last_used_at.is_(None) | (table.c.last_used_at < at)
        await conn.execute(sa.update(table).where(table.c.id == used_id, later).values(last_used_at=at))
