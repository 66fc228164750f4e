"""A token in the address of any page is exchanged for a browser's session, so that it stays in no history; log-out."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mktdash.domain.errors import ForbiddenError, UnavailableError
from mktdash.http.pages.plain import plain_page
from mktdash.http.state import request_facts, state_of
from mktdash.security.authentication import Request as Asking
from mktdash.security.authentication import cookie_name, same_origin, session_cookie
from mktdash.security.browser_sessions import end_session, open_session
from mktdash.security.principals import Principal

_CREATE = "mktdash token create --name NAME --role viewer"


def carries_token(request: Request) -> bool:
    """Whether a browser came by an address with a token in it."""
    return request.method == "GET" and "token" in request.query_params


async def exchange(request: Request) -> Response:
    """Give a session for a good token, and send the browser to the same address without it."""
    state, facts = state_of(request), request_facts(request)
    try:
        token = await state.authentication.of_token(request.query_params["token"])
        held = await _held(request)
    except UnavailableError:
        return plain_page(
            "This link cannot be looked at just now",
            "The store that knows the tokens does not answer. Try again soon; mktdash doctor says what is wrong.",
            503,
        )
    detail = {"requestId": facts.request_id, "client": facts.address}
    opened = None
    if token is not None:
        opened = await open_session(state.engine, token, held, clock=state.clock, detail=detail)
    if opened is None:
        return plain_page(
            "This link is not good any more",
            "Its token is unknown, expired or revoked. Each start prints a new link, which ends the one before; for a "
            f"token of your own, run {_CREATE} where mktdash runs, and put ?token= and the token behind any address.",
            401,
        )
    response = RedirectResponse(_without_token(request), status_code=303, headers={"cache-control": "no-store"})
    value = opened.text or session_cookie(facts.headers, secure=facts.secure) or ""
    _set_cookie(request, response, value, opened.seconds)
    return response


async def log_out(request: Request) -> Response:
    """End the browser's session and forget its cookie; nothing else where it has none.

    Raises:
        ForbiddenError: a page of another origin asks.
    """
    state, facts = state_of(request), request_facts(request)
    if not same_origin(facts.headers):
        raise ForbiddenError("a browser session is accepted only from pages of this origin")
    held = await _held(request)
    if held is not None and held.session_id is not None:
        detail = {"requestId": facts.request_id, "client": facts.address}
        await end_session(state.engine, held.session_id, by=held.name, clock=state.clock, detail=detail)
    response = Response(status_code=204, headers={"cache-control": "no-store"})
    _set_cookie(request, response, "", 0)
    return response


async def _held(request: Request) -> Principal | None:
    facts = request_facts(request)
    return await state_of(request).authentication.of_session(Asking(facts.headers, None, facts.secure))


def _set_cookie(request: Request, response: Response, value: str, seconds: int) -> None:
    facts = request_facts(request)
    response.set_cookie(
        cookie_name(facts.headers, secure=facts.secure),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="strict",
        secure=facts.secure,
    )


def _without_token(request: Request) -> str:
    # Two slashes at the start would name another host.
    path = "/" + request.url.path.lstrip("/\\")
    rest = urlencode([(name, value) for name, value in request.query_params.multi_items() if name != "token"])
    return f"{path}?{rest}" if rest else path
