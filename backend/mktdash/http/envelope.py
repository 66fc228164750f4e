"""The outermost layer: a request's id, who asks, security headers, and a count of what was answered."""

import secrets
import time
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mktdash.domain.errors import MktdashError
from mktdash.http import metrics
from mktdash.http.problems import problem, surprise
from mktdash.security.identity import SCOPE_KEY, Facts, Identity, Request
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
_POLICY_VIOLATION = 1008


class Envelope:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, identity: Identity) -> None:
        self._app = app
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one request or socket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else None
        facts = Facts(request_id, STRANGER, peer or "")
        scope[SCOPE_KEY] = facts
        try:
            principal = await self._identity.of(Request(headers, peer))
        except MktdashError as error:
            await self._refuse(scope, receive, send, request_id, error)
            return
        scope[SCOPE_KEY] = Facts(request_id, principal, peer or "")
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._http(scope, receive, send, request_id)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status, started = 0, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(MutableHeaders(raw=message["headers"]), request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if status:
                # Half an answer is out already: only a broken connection can say that it is not whole.
                raise
            await surprise(scope, request_id, error)(scope, receive, send_with_headers)
        finally:
            metrics.observe(scope, status, time.perf_counter() - started)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, request_id: str, error: MktdashError) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": error.code})
            return
        response = problem(
            request_id,
            status=error.http_status,
            code=error.code,
            title=error.message,
            data=dict(error.data),
            headers={"www-authenticate": 'Bearer realm="mktdash", error="invalid_token"'},
        )
        _complete(response.headers, request_id)
        metrics.observe(scope, error.http_status, 0.0)
        await response(scope, receive, send)


def _complete(headers: MutableHeaders, request_id: str) -> None:
    headers["x-request-id"] = request_id
    for name, value in _SECURITY_HEADERS.items():
        # A route may be stricter than the rest: reports are sandboxed.
        headers.setdefault(name, value)
