"""Each HTTP route once: where it is, who may use it, what it takes and gives. Routing, access and OpenAPI read this."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mktdash.http.state import principal_of
from mktdash.security.principals import Role

Handler = Callable[[Request], Awaitable[Response]]
READER = "reader"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query parameter; ``schema`` is JSON Schema."""

    name: str
    where: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer; ``body`` is a model, or JSON Schema, or nothing."""

    description: str
    media_type: str | None = None
    body: type[BaseModel] | Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path.

    Attributes:
        name: unique; the operationId.
        right: ``anyone``, ``reader`` (any token, or this machine), or a role.
        refusals: statuses that come with a problem document, with their sentence.
    """

    path: str
    name: str
    summary: str
    handler: Handler
    answers: Mapping[int, Answer]
    right: str | Role = READER
    method: str = "GET"
    parameters: tuple[Parameter, ...] = ()
    refusals: Mapping[int, str] = field(default_factory=dict)

    def route(self) -> Route:
        """The route, behind its right."""
        handler = self.handler

        allowed = {self.method, "HEAD"} if self.method == "GET" else {self.method}

        async def guarded(request: Request) -> Response:
            if request.method not in allowed:
                # Left to routing, a GET would be passed on to the page, which takes every path.
                raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
            _pass(request, self.right)
            return await handler(request)

        guarded.__name__ = self.name
        return Route(self.path, guarded, methods=_METHODS, name=self.name)


def _pass(request: Request, right: str | Role) -> None:
    if isinstance(right, Role):
        principal_of(request).require(right)
    elif right == READER:
        principal_of(request).require_reader()
