"""Tokens: shown once, kept as SHA-256, compared in constant time.

A token is ``mkt_<id>_<secret>``: the id finds the row, so that no search by secret can leak its progress.
"""

import hmac
import re
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.security.principals import Principal, Role
from mktdash.store.session import write_transaction
from mktdash.store.tokens import TokenWatch, insert_token, mark_revoked

TokenKind = Literal["api", "link", "session"]

_PREFIX = "mkt"
_ID_BYTES = 6
_SECRET_BYTES = 24
_PARTS = 3
_ID = re.compile(r"[0-9a-f]{12}")
# Someone else's long header is not worth hashing.
_LONGEST = 128


async def create_token(
    engine: AsyncEngine,
    *,
    name: str,
    role: str | Role,
    kind: TokenKind = "api",
    clock: Clock,
    ttl: timedelta | None = None,
) -> str:
    """Make a token and keep its hash; the text returned is the only copy there is.

    Args:
        engine: the store.
        name: what the audit log calls its bearer.
        role: ``viewer``, ``analyst``, ``operator`` or ``admin``.
        kind: ``api`` for programs, ``link`` for the link a start prints, ``session`` for a browser's cookie.
        clock: now.
        ttl: how long it is good for; for ever where None.

    Raises:
        InvalidInputError: no such role.
    """
    granted = role if isinstance(role, Role) else Role.named(role)
    token_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_hex(_SECRET_BYTES)
    token = f"{_PREFIX}_{token_id}_{secret}"
    now = clock()
    async with write_transaction(engine) as conn:
        await insert_token(
            conn,
            token_id=token_id,
            sha256=_digest(token),
            name=name,
            role=granted.name.lower(),
            kind=kind,
            created_at=to_micros(now),
            expires_at=None if ttl is None else to_micros(now + ttl),
        )
    return token


async def revoke_tokens(
    engine: AsyncEngine,
    *,
    clock: Clock,
    token_id: str | None = None,
    kind: TokenKind | None = None,
    name: str | None = None,
) -> int:
    """Revoke the live tokens that match everything given. Returns how many.

    Raises:
        ValueError: nothing was given.
    """
    async with write_transaction(engine) as conn:
        return await mark_revoked(conn, to_micros(clock()), token_id=token_id, kind=kind, name=name)


async def principal_of(tokens: TokenWatch, token: str, clock: Clock, *, by_cookie: bool = False) -> Principal | None:
    """Who a token speaks for; None where it is unknown, expired, revoked, or of a kind that cannot come this way."""
    token_id = _id_of(token)
    row = None if token_id is None else await tokens.by_id(token_id)
    # The compare runs in any case, so that a wrong id takes as long as a wrong secret.
    genuine = hmac.compare_digest(_digest(token[:_LONGEST]), row.sha256 if row else "0" * 64)
    if row is None or not genuine or not row.live_at(to_micros(clock())):
        return None
    if (row.kind == "session") is not by_cookie:
        return None
    return Principal(row.name, Role.named(row.role), by_cookie=by_cookie, token_id=row.id)


def _id_of(token: str) -> str | None:
    parts = token.split("_")
    if len(token) > _LONGEST or len(parts) != _PARTS or parts[0] != _PREFIX:
        return None
    # Ids of many requests go into one statement, which no id that is none may spoil.
    return parts[1] if _ID.fullmatch(parts[1]) else None


def _digest(token: str) -> str:
    # JSON can carry what is no text.
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
