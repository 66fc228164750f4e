"""Errors of HTTP routes as RFC 9457 problem details, with the codes that GraphQL uses too."""

import logging

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from mktdash.domain.errors import MktdashError, UnauthenticatedError
from mktdash.security.authentication import SCOPE_KEY, RequestFacts

MEDIA_TYPE = "application/problem+json"
_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE"}

_log = logging.getLogger(__name__)


def problem(
    request_id: str,
    *,
    status: int,
    code: str,
    title: str,
    retryable: bool = False,
    data: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem document. ``type`` names the entry of the error catalogue."""
    body = {
        **(data or {}),
        "type": f"urn:mktdash:error:{code}",
        "title": title,
        "status": status,
        "code": code,
        "retryable": retryable,
        "requestId": request_id,
    }
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store", **(headers or {})},
    )


async def known(request: Request, error: Exception) -> Response:
    """What mktdash itself raised."""
    assert isinstance(error, MktdashError)  # noqa: S101 - registered for that class
    challenge = {"www-authenticate": 'Bearer realm="mktdash"'} if isinstance(error, UnauthenticatedError) else None
    return problem(
        request_id(request),
        status=error.http_status,
        code=error.code,
        title=error.message,
        retryable=error.retryable,
        data=dict(error.data),
        headers=challenge,
    )


async def refused(request: Request, error: Exception) -> Response:
    """What the routing refused: no such path, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for that class
    return problem(
        request_id(request),
        status=error.status_code,
        code=_CODES.get(error.status_code, "BAD_REQUEST"),
        title=error.detail,
        headers=dict(error.headers or {}),
    )


def unexpected_error(scope: Scope, request_id: str, error: Exception) -> Response:
    """What nobody expected: logged with its traceback, shown without."""
    _log.error("request %s failed: %s %s", request_id, scope["method"], scope["path"], exc_info=error)
    return problem(request_id, status=500, code="INTERNAL", title="internal error")


def request_id(request: Request) -> str:
    """The id under which the log knows the request."""
    facts: RequestFacts | None = request.scope.get(SCOPE_KEY)
    return "" if facts is None else facts.request_id
