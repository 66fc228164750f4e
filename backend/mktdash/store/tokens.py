"""Access tokens as rows, and the audit log of writes. The tokens themselves are never here, only their SHA-256."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.store.shared import SharedRead
from mktdash.store.tables import metadata

_TOKEN = metadata.tables["api_token"]
_AUDIT = metadata.tables["audit_event"]


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token without its secret; instants in microseconds UTC."""

    id: str
    sha256: str
    name: str
    role: str
    kind: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None

    def live_at(self, now_micros: int) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now_micros < self.expires_at)


_COLUMNS = ", ".join(one.name for one in fields(TokenRow))
_AMONG = {True: "= ANY($1::text[])", False: "IN (SELECT value FROM json_each(?))"}


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
) -> None:
    """Keep a new token's hash."""
    await conn.execute(
        sa.insert(_TOKEN).values(
            id=token_id,
            sha256=sha256,
            name=name,
            role=role,
            kind=kind,
            created_at=created_at,
            expires_at=expires_at,
        )
    )


class TokenWatch:
    """Tokens as they are now, live or not; one read serves all requests that came before it was sent."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._postgres = engine.dialect.name == "postgresql"
        self._shared: SharedRead[str, TokenRow] = SharedRead(engine, self._read)

    async def by_id(self, token_id: str) -> TokenRow | None:
        """The token of an id.

        Raises:
            Exception: whatever the database says when it can't be read.
        """
        return await self._shared.of(token_id)

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._shared.aclose()

    async def _read(self, driver: Any, ids: set[str]) -> Mapping[str, TokenRow]:
        wanted = f"SELECT {_COLUMNS} FROM api_token WHERE id {_AMONG[self._postgres]}"  # noqa: S608 - our own words
        if self._postgres:
            rows = await driver.fetch(wanted, list(ids))
        else:
            rows = await driver.execute_fetchall(wanted, (orjson.dumps(list(ids)).decode(),))
        return {row[0]: TokenRow(*row) for row in rows}


async def all_tokens(conn: AsyncConnection, *, with_sessions: bool = False) -> list[TokenRow]:
    """Every token, newest first; browser sessions only where asked for."""
    query = sa.select(_TOKEN).order_by(_TOKEN.c.created_at.desc(), _TOKEN.c.id)
    if not with_sessions:
        query = query.where(_TOKEN.c.kind != "session")
    return [TokenRow(**row) for row in (await conn.execute(query)).mappings()]


async def mark_revoked(
    conn: AsyncConnection,
    now_micros: int,
    *,
    token_id: str | None = None,
    kind: str | None = None,
    name: str | None = None,
) -> int:
    """Revoke the live tokens that match everything given; at least one must be. Returns how many."""
    chosen = [
        column == wanted
        for column, wanted in ((_TOKEN.c.id, token_id), (_TOKEN.c.kind, kind), (_TOKEN.c.name, name))
        if wanted is not None
    ]
    if not chosen:
        raise ValueError("revoking every token at once needs to be said token by token")
    done = await conn.execute(
        sa.update(_TOKEN).where(_TOKEN.c.revoked_at.is_(None), *chosen).values(revoked_at=now_micros)
    )
    return done.rowcount


async def mark_used(conn: AsyncConnection, token_id: str, now_micros: int) -> None:
    """Note that a token was used."""
    await conn.execute(sa.update(_TOKEN).where(_TOKEN.c.id == token_id).values(last_used_at=now_micros))


async def delete_stale_sessions(conn: AsyncConnection, before_micros: int) -> int:
    """Forget browser sessions that ended before an instant. Returns how many."""
    done = await conn.execute(sa.delete(_TOKEN).where(_TOKEN.c.kind == "session", _TOKEN.c.expires_at < before_micros))
    return done.rowcount


async def append_audit(
    conn: AsyncConnection, *, at: int, principal: str, action: str, target: str, detail: dict[str, Any]
) -> None:
    """Write down who changed what; call it in the transaction of the change."""
    await conn.execute(
        sa.insert(_AUDIT).values(at=at, principal=principal, action=action, target=target, detail=detail)
    )
