"""The outermost layer: a request's id, who asks, whether it is not too often, security headers, a count of it all."""

import math
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import count

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mktdash.domain.errors import (
    BadRequestError,
    MktdashError,
    ThrottledError,
    UnauthenticatedError,
    UnavailableError,
)
from mktdash.http import metrics
from mktdash.http.problems import problem, unexpected_error
from mktdash.http.server.headers import merge_repeated_headers
from mktdash.security.addresses import Network, client_address, speaks_tls
from mktdash.security.authentication import SCOPE_KEY, Authentication, Request, RequestFacts
from mktdash.security.buckets import WINDOW_S, Buckets, Limit, LimitState
from mktdash.security.closed_addresses import ClosedAddresses
from mktdash.security.principals import STRANGER

_SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_SECURITY_PAIRS = [(name.encode(), value.encode()) for name, value in _SECURITY_HEADERS.items()]
_SECURITY_NAMES = frozenset(name for name, _ in _SECURITY_PAIRS)
_PROCESS, _REQUESTS = secrets.token_hex(4), count(int.from_bytes(secrets.token_bytes(4)))
_POLICY_VIOLATION = 1008
_CLIENT_GONE = 499
# A page's own files are kept by the browser, and whether the process lives costs nothing to say.
_UNCOUNTED = ("/api/health/live", "/assets/")
_MONITORED = "/api/health"
# What these read of the store is as much as five small queries.
_REQUESTS_OF_A_LOOK = 5


class RequestMiddleware:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        authentication: Authentication,
        *,
        buckets: Buckets | None = None,
        limit: Limit | None = None,
        trusted: Sequence[Network] = (),
    ) -> None:
        self._app = app
        self._authentication = authentication
        self._buckets = buckets
        self._limit = limit
        self._trusted = trusted
        self._strangers = ClosedAddresses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one request or socket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers, twice = merge_repeated_headers(scope["headers"])
        peer = scope["client"][0] if scope.get("client") else None
        secure = speaks_tls(scope.get("scheme", "http"), peer, headers, self._trusted)
        facts = RequestFacts(_request_id(), STRANGER, client_address(peer, headers, self._trusted), headers, secure)
        scope[SCOPE_KEY] = facts
        try:
            if twice is not None:
                raise BadRequestError(f"the header {twice} is given several times and may be given once", header=twice)
            facts = scope[SCOPE_KEY] = await self._identified(facts, peer)
            await self._count(facts, scope["path"])
        except MktdashError as error:
            await self._refuse(scope, receive, send, facts, error)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._http(scope, receive, send, facts)

    async def _identified(self, stranger: RequestFacts, peer: str | None) -> RequestFacts:
        """The facts of a request, with who it is from; one whose token is refused counts as one of its address.

        Raises:
            MktdashError: it is not let in.
        """
        request = Request(stranger.headers, peer, stranger.secure)
        secret = request.headers.get("authorization") or request.session
        if secret is None:
            return replace(stranger, principal=await self._authentication.of(request))
        self._strangers.require_open(stranger.address, secret)
        try:
            principal = await self._authentication.of(request)
        except UnauthenticatedError:
            self._strangers.forget(secret)
            await self._count_refused(stranger)
            raise
        if principal.token_id is None:
            self._strangers.forget(secret)
            await self._count_refused(stranger)
        else:
            self._strangers.know(secret)
        return replace(stranger, principal=principal)

    async def _count_refused(self, stranger: RequestFacts) -> None:
        try:
            await self._count(stranger)
        except ThrottledError as error:
            self._strangers.close(stranger.address, error.data["retryAfter"])
            raise

    async def _count(self, facts: RequestFacts, path: str = "") -> None:
        if self._limit is None or self._buckets is None or path.startswith(_UNCOUNTED):
            return
        bearer, monitored = facts.bearer, path.startswith(_MONITORED)
        amount = _REQUESTS_OF_A_LOOK if monitored else 1
        try:
            standing = self._buckets.at_hand(self._limit, bearer, amount)
            standing = standing or await self._buckets.take(self._limit, bearer, amount)
        except UnavailableError:
            if monitored:
                # Monitors must read that Redis is away.
                return
            raise
        facts.standings[self._limit.name] = standing
        standing.require()

    async def _http(self, scope: Scope, receive: Receive, send: Send, facts: RequestFacts) -> None:
        status, started = 0, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = headers = list(message["headers"])
                _complete(headers, facts)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = _CLIENT_GONE
        except Exception as error:
            if status:
                # Half an answer is out already: only a broken connection can say that it is not whole.
                raise
            await unexpected_error(scope, facts.request_id, error)(scope, receive, send_with_headers)
        finally:
            metrics.record_request(scope, status, time.perf_counter() - started)

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, facts: RequestFacts, error: MktdashError
    ) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": error.code})
            return
        headers = {}
        if isinstance(error, UnauthenticatedError):
            headers["www-authenticate"] = 'Bearer realm="mktdash", error="invalid_token"'
        if "retryAfter" in error.data and all(one.granted for one in facts.standings.values()):
            headers["retry-after"] = str(math.ceil(error.data["retryAfter"]))
        response = problem(
            facts.request_id,
            status=error.http_status,
            code=error.code,
            title=error.message,
            retryable=error.retryable,
            data=dict(error.data),
            headers=headers,
        )
        _complete(response.raw_headers, facts)
        metrics.record_request(scope, error.http_status, 0.0)
        await response(scope, receive, send)


def _request_id() -> str:
    """Of its own in this process, and hardly that of another's; nothing is kept behind it, so it may be guessed."""
    return f"{_PROCESS}{next(_REQUESTS) & 0xFFFFFFFF:08x}"


def _complete(raw: list[tuple[bytes, bytes]], facts: RequestFacts) -> None:
    # A route may be stricter than the rest: reports are sandboxed.
    own = {name for name, _ in raw}
    raw += _SECURITY_PAIRS if own.isdisjoint(_SECURITY_NAMES) else [one for one in _SECURITY_PAIRS if one[0] not in own]
    raw.append((b"x-request-id", facts.request_id.encode()))
    if facts.standings:
        raw += _limit_headers(tuple(facts.standings.values()))


# What is taken in advance stands the same for many requests.
@lru_cache(256)
def _limit_headers(standings: tuple[LimitState, ...]) -> list[tuple[bytes, bytes]]:
    lines = [
        (b"ratelimit-policy", ", ".join(_policy(one.limit) for one in standings).encode()),
        (b"ratelimit", ", ".join(_left(one) for one in standings).encode()),
    ]
    refused = [one.retry_after for one in standings if not one.granted]
    return [*lines, (b"retry-after", str(math.ceil(max(refused))).encode())] if refused else lines


def _policy(limit: Limit) -> str:
    return f'"{limit.name}";q={limit.a_minute};w={WINDOW_S}'


def _left(standing: LimitState) -> str:
    return f'"{standing.limit.name}";r={standing.remaining};t={math.ceil(standing.reset)}'
