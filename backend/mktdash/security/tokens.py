"""Tokens: shown once, kept as SHA-256, compared in constant time.

A token is ``mkt_<id>_<secret>``: the id finds the row, so that no search by secret can leak its progress. A browser's
session has the same form.
"""

import hmac
import re
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import InvalidInputError, UnauthenticatedError
from mktdash.domain.interval import interval_seconds
from mktdash.security.principals import Principal, Role
from mktdash.store.access.audit import append_audit
from mktdash.store.access.browser_sessions import lock_token
from mktdash.store.access.credentials import Credential, CredentialWatch
from mktdash.store.access.tokens import (
    TokenRow,
    delete_tokens,
    insert_token,
    made_with,
    reserve_token_name,
    revoke,
    token_named,
)
from mktdash.store.engine.session import write_transaction

TokenKind = Literal["api", "link"]

LONGEST_NAME = 60
LONGEST_LIFE = timedelta(days=3653)
_PREFIX = "mkt"
_ID_BYTES = 6
_SECRET_BYTES = 24
_PARTS = 3
_ID = re.compile(r"[0-9a-f]{12}")
# Someone else's long header is not worth hashing.
_LONGEST = 128


class Secret(NamedTuple):
    """A new token or session: its id, the text that is shown once, and the hash that is kept."""

    id: str
    text: str
    sha256: str


class Issuer(NamedTuple):
    """Who makes or ends a token: what the audit log calls them, and their token, where they came with one."""

    name: str
    token_id: str | None = None
    ends_at: int | None = None
    detail: dict[str, Any] | None = None


class Revoked(NamedTuple):
    """A token that has ended: whether it had before, and the live tokens that were made with it."""

    token: TokenRow
    before: bool
    made: list[TokenRow]


def new_secret() -> Secret:
    """A secret that nobody can guess."""
    token_id = secrets.token_hex(_ID_BYTES)
    text = f"{_PREFIX}_{token_id}_{secrets.token_hex(_SECRET_BYTES)}"
    return Secret(token_id, text, _digest(text))


async def create_token(
    engine: AsyncEngine,
    *,
    name: str,
    role: str | Role,
    kind: TokenKind = "api",
    clock: Clock,
    ttl: timedelta | None = None,
) -> str:
    """Make a token and keep its hash, whatever others are called; the text returned is the only copy there is.

    Args:
        engine: the store.
        name: what the audit log calls its bearer.
        role: ``viewer``, ``analyst``, ``operator`` or ``admin``.
        kind: ``api`` for programs and people, ``link`` for the link a start prints.
        clock: now.
        ttl: how long it is good for; for ever where None.

    Raises:
        InvalidInputError: no such role.
    """
    secret = new_secret()
    async with write_transaction(engine) as conn:
        await keep_token(conn, secret, name=name, role=role, kind=kind, now=to_micros(clock()), ttl=ttl)
    return secret.text


async def keep_token(
    conn: AsyncConnection,
    secret: Secret,
    *,
    name: str,
    role: str | Role,
    now: int,
    kind: TokenKind = "api",
    ttl: timedelta | None = None,
    made_by: str | None = None,
) -> None:
    """Keep the hash of a new token.

    Raises:
        InvalidInputError: no such role.
    """
    granted = role if isinstance(role, Role) else Role.named(role)
    await insert_token(
        conn,
        token_id=secret.id,
        sha256=secret.sha256,
        name=name,
        role=granted.name.lower(),
        kind=kind,
        created_at=now,
        expires_at=None if ttl is None else now + ttl // timedelta(microseconds=1),
        made_by=made_by,
    )


def life_of(text: str | None, argument: str) -> timedelta | None:
    """How long a token is to last, of text such as ``90d``, ``12h`` or ``30m``; None for until it is revoked.

    Raises:
        InvalidInputError: it is no such text.
    """
    if text is None:
        return None
    try:
        return timedelta(seconds=interval_seconds(text))
    except InvalidInputError:
        raise InvalidInputError(f"{argument}: {text!r} is not a time such as 90d, 12h or 30m") from None


async def issue(
    engine: AsyncEngine, *, name: str, role: str, ttl: timedelta | None, by: Issuer, clock: Clock
) -> tuple[Secret, TokenRow]:
    """Make a token for somebody, under a name that no other live one has; in the audit log.

    What is made with a token that ends lasts no longer than that: as long where ``ttl`` is None.

    Raises:
        InvalidInputError: the name is none or taken, there is no such role, or it would last too long.
        UnauthenticatedError: the maker's own token has just ended.
    """
    _check_name(name)
    Role.named(role)
    now, secret = to_micros(clock()), new_secret()
    if ttl is not None and not timedelta(0) < ttl <= LONGEST_LIFE:
        raise InvalidInputError(
            f"a token lasts at most {LONGEST_LIFE.days} days, or has no expiry", most=LONGEST_LIFE.days
        )
    if by.ends_at is not None:
        left = timedelta(microseconds=by.ends_at - now)
        if ttl is not None and ttl > left:
            raise InvalidInputError("a token cannot outlive the token that creates it", most=str(left))
        ttl = left if ttl is None else ttl
    async with write_transaction(engine) as conn:
        if by.token_id is not None and not (await lock_token(conn, by.token_id, now))[0]:
            raise UnauthenticatedError("your token has expired or was revoked")
        await reserve_token_name(conn, name, now)
        await keep_token(conn, secret, name=name, role=role, now=now, ttl=ttl, made_by=by.token_id)
        row = await token_named(conn, secret.id, now)
        await _note(conn, "createToken", row, by, now)
    return secret, row


async def replace_link(engine: AsyncEngine, *, name: str, role: str, ttl: timedelta, clock: Clock) -> str:
    """A new token for the link that a start prints; the one of the start before ends with every session of it."""
    now, secret = to_micros(clock()), new_secret()
    async with write_transaction(engine) as conn:
        await delete_tokens(conn, kind="link", name=name)
        await keep_token(conn, secret, name=name, role=role, kind="link", now=now, ttl=ttl)
        await _note(conn, "createToken", await token_named(conn, secret.id, now), Issuer(name), now)
    return secret.text


async def end_token(engine: AsyncEngine, text: str, *, by: Issuer, clock: Clock) -> Revoked:
    """Revoke the token of an id or a name, with its sessions; in the audit log. One that is revoked stays so.

    Raises:
        NotFoundError: there is no such token.
        InvalidInputError: several live tokens have the name.
    """
    now = to_micros(clock())
    async with write_transaction(engine) as conn:
        row = await token_named(conn, text, now)
        ended = await revoke(conn, [row.id], now)
        if ended:
            await _note(conn, "revokeToken", row, by, now)
        return Revoked(await token_named(conn, row.id, now), not ended, await made_with(conn, row.id, now))


async def principal_of(watch: CredentialWatch, text: str, clock: Clock, *, by_cookie: bool = False) -> Principal | None:
    """Who a token or session speaks for; None where it is unknown, has ended, or cannot come this way."""
    credential_id = id_of(text)
    found = None if credential_id is None else await watch.by_id(credential_id)
    # The compare runs in any case, so that a wrong id takes as long as a wrong secret.
    genuine = hmac.compare_digest(_digest(text[:_LONGEST]), found.sha256 if found else "0" * 64)
    if found is None or not genuine or found.is_session is not by_cookie:
        return None
    return principal(found) if found.live_at(to_micros(clock())) else None


def principal(found: Credential) -> Principal:
    """Who a live token or session speaks for: a session for its token, in the role that this has now."""
    return Principal(
        found.name,
        Role.named(found.role),
        by_cookie=found.is_session,
        token_id=found.token_id,
        session_id=found.id if found.is_session else None,
        ends_at=found.expires_at,
    )


def id_of(text: str) -> str | None:
    """The id in a token or session; None where it is of another form."""
    parts = text.split("_")
    if len(text) > _LONGEST or len(parts) != _PARTS or parts[0] != _PREFIX:
        return None
    # Ids of many requests go into one statement, which no id that is none may spoil.
    return parts[1] if _ID.fullmatch(parts[1]) else None


def _check_name(name: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise InvalidInputError(
            f"a token's name has 1..{LONGEST_NAME} printable characters, and no space at its ends", name=name
        )


async def _note(conn: AsyncConnection, action: str, row: TokenRow, by: Issuer, now: int) -> None:
    detail = {"name": row.name, "role": row.role, "expiresAt": row.expires_at, **(by.detail or {})}
    await append_audit(conn, at=now, principal=by.name, action=action, target=f"token {row.id}", detail=detail)


def _digest(text: str) -> str:
    # JSON can carry what is no text.
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
