"""A link that carries a token is exchanged for a browser session, so that the token stays in no history."""

from datetime import timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mktdash.domain.clock import to_micros
from mktdash.http.plain import plain_page
from mktdash.http.state import state_of
from mktdash.security.identity import cookie_name
from mktdash.security.tokens import create_token
from mktdash.store.session import write_transaction
from mktdash.store.tokens import append_audit, delete_stale_sessions

SESSION = timedelta(days=7)


async def exchange(request: Request) -> Response:
    """Give a session cookie for a good token and send the browser to the same path without it."""
    state = state_of(request)
    principal = await state.identity.of_token(request.query_params["token"])
    if principal is None:
        return plain_page(
            "This link is not good any more",
            "Its token is unknown, expired or revoked. Each start prints a new link; or ask for a token with "
            "mktdash token create.",
            401,
        )
    session = await create_token(
        state.engine, name=principal.name, role=principal.role, kind="session", clock=state.clock, ttl=SESSION
    )
    now = to_micros(state.clock())
    async with write_transaction(state.engine) as conn:
        await delete_stale_sessions(conn, now)
        await append_audit(
            conn,
            at=now,
            principal=principal.name,
            action="openSession",
            target=f"token {principal.token_id}",
            detail={"role": principal.role.name.lower()},
        )
    response = RedirectResponse(_without_token(request), status_code=303, headers={"cache-control": "no-store"})
    response.set_cookie(
        cookie_name(request.headers),
        session,
        max_age=int(SESSION.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _without_token(request: Request) -> str:
    # Two slashes at the start would name another host.
    path = "/" + request.url.path.lstrip("/\\")
    rest = urlencode([(name, value) for name, value in request.query_params.multi_items() if name != "token"])
    return f"{path}?{rest}" if rest else path
