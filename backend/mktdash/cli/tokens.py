"""``mktdash token``: create, list and revoke access tokens, and end browser sessions."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktdash.cli.quality import who
from mktdash.domain.clock import iso, to_micros
from mktdash.domain.errors import NotFoundError
from mktdash.resources import open_store
from mktdash.settings import Settings

if TYPE_CHECKING:
    from mktdash.security.tokens import Revoked
    from mktdash.store.access.browser_sessions import SessionRow
    from mktdash.store.access.tokens import TokenRow

app = typer.Typer(no_args_is_help=True, help="Access tokens and the browser sessions opened with them.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_TIMES = ("created_at", "opened_at", "expires_at", "revoked_at", "last_used_at")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Name in lists and in the audit log; unique among valid tokens.")],
    role: Annotated[
        str,
        typer.Option(
            help="viewer (reads), analyst (requests reports), operator (acts on alerts and jobs) or admin (tokens)."
        ),
    ],
    expires_in: Annotated[
        str | None, typer.Option(help="Lifetime, such as 90d, 12h or 30m; without it the token is valid until revoked.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a token and print it. It is shown only now: mktdash keeps its hash."""
    row, text = asyncio.run(_create(name, role, expires_in))
    if as_json:
        typer.echo(json.dumps({**_as_json(row), "token": text}))
        return
    typer.echo(f"token {row.id} ({row.name}, {row.role}, {_until(row.expires_at)}); it is shown only now:", err=True)
    typer.echo(text)
    typer.echo("To use it in a browser, add ?token=TOKEN to any address of the page.", err=True)


@app.command(name="list")
def list_(
    with_sessions: Annotated[
        bool, typer.Option("--sessions", help="Also list the browser sessions of each token.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List all tokens, newest first, with role, expiry, last use and number of browser sessions."""
    tokens, sessions, now = asyncio.run(_list())
    if as_json:
        of = {row.id: [_as_json(one) for one in sessions if one.token_id == row.id] for row in tokens}
        typer.echo(
            json.dumps(
                [{**_as_json(row), **({"open_sessions": of[row.id]} if with_sessions else {})} for row in tokens]
            )
        )
        return
    for row in tokens:
        typer.echo(
            f"{row.id}  {row.role:<8}  {_state(row, now):<28}  sessions {row.sessions:<2}  "
            f"created {_when(row.created_at)}  last used {_when(row.last_used_at)}  {row.name}"
        )
        for one in sessions if with_sessions else ():
            if one.token_id == row.id:
                typer.echo(f"  {_session(one)}")


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="The token's id or name.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a token. Its browser sessions and open streams end at once, on every process."""
    done = asyncio.run(_revoke(token))
    if as_json:
        made = [{"id": one.id, "name": one.name} for one in done.made]
        typer.echo(json.dumps({**_as_json(done.token), "live_tokens_made_with_it": made}))
        return
    before = " already" if done.before else ""
    typer.echo(f"token {done.token.id} ({done.token.name}) is revoked{before}")
    for one in done.made:
        typer.echo(f"created with it and still valid: {one.id} ({one.name}, {one.role})")


@app.command()
def sessions(as_json: AsJson = False) -> None:
    """List open browser sessions, newest first."""
    _, found, _ = asyncio.run(_list())
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in found]))
        return
    for one in found:
        typer.echo(f"{_session(one)}  token {one.token_id}  {one.name}")


@app.command(name="end-session")
def end_session_(
    session: Annotated[str, typer.Argument(help="The session's id; see `mktdash token sessions`.")],
    as_json: AsJson = False,
) -> None:
    """Log one browser out. Its token stays valid."""
    ended = asyncio.run(_end_session(session))
    typer.echo(json.dumps(_as_json(ended)) if as_json else f"session {ended.id} of {ended.name} has ended")


async def _create(name: str, role: str, expires_in: str | None) -> "tuple[TokenRow, str]":
    from mktdash.security.tokens import Issuer, issue, life_of

    ttl = life_of(expires_in, "--expires-in")
    async with open_store(Settings()) as resources:
        secret, row = await issue(
            resources.engine, name=name, role=role, ttl=ttl, by=Issuer(who()), clock=resources.clock
        )
    return row, secret.text


async def _list() -> "tuple[list[TokenRow], list[SessionRow], int]":
    from mktdash.store.access.browser_sessions import open_sessions
    from mktdash.store.access.tokens import all_tokens
    from mktdash.store.engine.session import read_transaction

    async with open_store(Settings()) as resources, read_transaction(resources.engine) as conn:
        now = to_micros(resources.clock())
        return await all_tokens(conn, now), await open_sessions(conn, now), now


async def _revoke(text: str) -> "Revoked":
    from mktdash.security.tokens import Issuer, end_token

    async with open_store(Settings()) as resources:
        return await end_token(resources.engine, text, by=Issuer(who()), clock=resources.clock)


async def _end_session(session_id: str) -> "SessionRow":
    from mktdash.security.browser_sessions import end_session

    async with open_store(Settings()) as resources:
        ended = await end_session(resources.engine, session_id, by=who(), clock=resources.clock)
    if ended is None:
        raise NotFoundError(f"no open session has the id {session_id!r}: see `mktdash token sessions`")
    return ended


def _as_json(row: "TokenRow | SessionRow") -> dict[str, Any]:
    values = asdict(row)
    return values | {name: iso(values[name]) if values[name] is not None else None for name in _TIMES if name in values}


def _session(one: "SessionRow") -> str:
    used = _when(one.last_used_at)
    return f"session {one.id}  {one.role:<8}  {_until(one.expires_at)}  opened {_when(one.opened_at)}  last used {used}"


def _state(row: "TokenRow", now: int) -> str:
    if row.revoked_at is not None:
        return f"revoked {_when(row.revoked_at)}"
    return _until(row.expires_at) if row.live_at(now) else f"expired {_when(row.expires_at)}"


def _until(instant: int | None) -> str:
    return "until it is revoked" if instant is None else f"until {_when(instant)}"


def _when(instant: int | None) -> str:
    return "never" if instant is None else iso(instant)[:16].replace("T", " ")
