"""Requests as GraphQL over HTTP forms them; anything else is refused with a reason."""

from collections.abc import Mapping
from typing import Any

from cross_web import AsyncHTTPRequestAdapter
from cross_web.request._starlette import StarletteRequestAdapter
from strawberry.http import GraphQLRequestData

from mktdash.domain.errors import (
    BadRequestError,
    ForbiddenError,
    InvalidInputError,
    MethodNotAllowedError,
    TooLargeError,
    UnsupportedMediaTypeError,
)
from mktdash.graphql.documents.trusted import TrustedDocuments
from mktdash.graphql.transport.media_types import EVENT_STREAM, answer_type, is_json
from mktdash.graphql.vocabulary.json import decode
from mktdash.security.authentication import RequestFacts, same_origin

MOST_BODY_BYTES = 256 * 1024
# Fitting them to their types takes 1 to 7 us each here.
MOST_VALUES = 5_000
# A header that no plain form, image or link can carry shows that a script of this origin asks, or no browser at all.
_PREFLIGHT = ("graphql-preflight", "apollo-require-preflight", "x-requested-with")
_KINDS: Mapping[str, type] = {
    "query": str,
    "documentId": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}


class BoundedRequest(StarletteRequestAdapter):
    """A request whose body is read no further than an honest one reaches."""

    async def get_body(self) -> bytes:
        """The body.

        Raises:
            TooLargeError: it is larger than 256 KiB.
        """
        body = bytearray()
        async for piece in self._request.stream():
            body += piece
            if len(body) > MOST_BODY_BYTES:
                raise TooLargeError(f"the body has more than {MOST_BODY_BYTES} bytes", most=MOST_BODY_BYTES)
        return bytes(body)


def admit(method: str, facts: RequestFacts) -> None:
    """Pass a request that may be looked at.

    Raises:
        MktdashError: of the status that says why not.
    """
    if method not in {"GET", "POST"}:
        raise MethodNotAllowedError("send GraphQL requests by GET or POST", allow=["GET", "POST"])
    facts.principal.require_reader()
    if method == "POST":
        if facts.principal.by_cookie and not same_origin(facts.headers):
            raise ForbiddenError("a browser session is accepted only from pages of this origin")
        if not is_json(facts.headers.get("content-type")):
            raise UnsupportedMediaTypeError("the content type of the body must be application/json")
    elif not _preflighted(facts.headers):
        raise BadRequestError(
            "a GET needs a header that no plain link can have: send GraphQL-Preflight: 1 (or Apollo-Require-Preflight,"
            " X-Requested-With, Content-Type: application/json)",
            headers=list(_PREFLIGHT),
            example="GraphQL-Preflight: 1",
        )


async def read_operation(request: AsyncHTTPRequestAdapter, trusted: TrustedDocuments) -> GraphQLRequestData:
    """The operation of a request.

    Raises:
        BadRequestError: it is not of the form that GraphQL over HTTP gives it, or its document may not be run.
        InvalidInputError: its variables hold too many values.
    """
    if request.method == "GET":
        data: Any = dict(request.query_params)
        for name in ("variables", "extensions"):
            if data.get(name):
                data[name] = _json(data[name], name)
    else:
        data = _json(await request.get_body(), "the body")
    if not isinstance(data, dict):
        raise BadRequestError("the body must be one JSON object; batches are not served")
    for name, kind in _KINDS.items():
        if data.get(name) is not None and not isinstance(data[name], kind):
            raise BadRequestError(f"{name} must be a JSON {'string' if kind is str else 'object'}", argument=name)
    require_few(data.get("variables"))
    return GraphQLRequestData(
        query=trusted.text(data.get("query"), data.get("documentId")),
        variables=data.get("variables"),
        operation_name=data.get("operationName") or None,
        extensions=data.get("extensions"),
        protocol="sse" if answer_type(request.headers.get("accept")) == EVENT_STREAM else "http",
    )


def require_few(variables: object) -> None:
    """Pass variables that hold few enough values.

    Raises:
        InvalidInputError: they hold more than 5,000, lists and objects counted too.
    """
    waiting, seen = [variables], 0
    while waiting:
        value = waiting.pop()
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        seen += len(inside)
        if seen > MOST_VALUES:
            raise InvalidInputError(
                f"variables hold more than {MOST_VALUES} values", argument="variables", most=MOST_VALUES
            )
        waiting.extend(inside)


def _preflighted(headers: Mapping[str, str]) -> bool:
    return (
        headers.get("sec-fetch-site") == "same-origin"
        or is_json(headers.get("content-type"))
        or any(name in headers for name in _PREFLIGHT)
    )


def _json(text: str | bytes, what: str) -> Any:
    try:
        return decode(text)
    except ValueError as error:
        raise BadRequestError(f"{what} is not JSON, or nested too deeply") from error
