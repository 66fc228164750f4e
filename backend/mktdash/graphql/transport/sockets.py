"""GraphQL over WebSocket (graphql-transport-ws), where strawberry's own manners need mending."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any

from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation

from mktdash.domain.errors import AnswerTooLargeError, MktdashError, ThrottledError, UnauthenticatedError
from mktdash.graphql.context import RequestContext
from mktdash.graphql.cost_charging import count_request
from mktdash.graphql.errors import system_error
from mktdash.graphql.transport.requests import require_few
from mktdash.graphql.vocabulary.json import encode
from mktdash.security.authentication import Authentication

_LONGEST_ID = 200
# What graphql-transport-ws calls a socket without a good token; its clients do not try again by themselves.
_UNAUTHORIZED = 4401
_TRY_AGAIN_LATER = 1013
_FORMS: Mapping[str, Any] = {
    "query": str,
    "documentId": str | None,
    "variables": dict | None,
    "operationName": str | None,
}
_FORMS_BY_ID: Mapping[str, Any] = {**_FORMS, "query": object, "documentId": str}


class TextFrames(ASGIWebSocketAdapter):
    """Sends orjson's bytes as text frames, which the protocol asks for."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message."""
        await self.send_encoded(encode(message))

    async def send_encoded(self, message: bytes) -> None:
        """Send a message that is JSON already."""
        try:
            await self.ws.send_text(message.decode())
        except (WebSocketDisconnect, RuntimeError) as error:
            # A server may report a closed socket by either; the client has gone in both cases.
            raise WebSocketDisconnected from error


class PatientHandler(BaseGraphQLTransportWSHandler[RequestContext, None]):
    """Answers a document that does not parse with an error; a typing mistake must not end the other streams.

    When who the socket is for is none any more, it ends with the code 4401.
    """

    websocket: TextFrames
    _watched: ExitStack
    _closing: asyncio.Task[None] | None = None

    async def handle(self) -> None:
        """Serve the socket until it ends."""
        with ExitStack() as self._watched:
            await super().handle()
        if self._closing is not None:
            await self._closing

    async def handle_connection_init(self, message: Any) -> None:
        """Let a socket in, and look from then on whether it may stay."""
        known = self.connection_acknowledged
        await super().handle_connection_init(message)
        if self.connection_acknowledged and not known:
            self._watched.enter_context(self._authentication.revocation.watching(self.context.principal, self._end))

    async def run_operation(self, operation: Operation[RequestContext, None]) -> None:
        """Run an operation for who the socket is for, if they still are: a request would be asked for its token too."""
        try:
            good = await self._authentication.still(self.context.principal)
        except MktdashError as error:
            message: Any = {
                "id": operation.id,
                "type": "error",
                "payload": [system_error(error, self.context.request_id)],
            }
            await operation.send_operation_message(message)
            return
        if good:
            await super().run_operation(operation)
        else:
            self._end(UnauthenticatedError("the token or session of this socket has ended, or has another role now"))

    def _end(self, error: MktdashError) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(error))

    async def _close(self, error: MktdashError) -> None:
        for name in list(self.operations):
            await self.cleanup_operation(name)
        code = _UNAUTHORIZED if isinstance(error, UnauthenticatedError) else _TRY_AGAIN_LATER
        with suppress(WebSocketDisconnect, WebSocketDisconnected, RuntimeError):
            await self.websocket.close(code, f"{error.code}: {error.message}")

    @property
    def _authentication(self) -> Authentication:
        authentication: Authentication = self.view.authentication  # type: ignore[attr-defined]  # our endpoint has one
        return authentication

    async def handle_message(self, message: Any) -> None:
        """Pass on what is formed as the protocol says; anything else ends the socket, with a reason."""
        if self._closing is not None:
            return
        fault = _fault(message)
        if fault is not None:
            await self.handle_invalid_message(fault)
        elif message["type"] == "subscribe" and self.connection_acknowledged and self._full:
            error = ThrottledError(f"more than {self.max_subscriptions_per_connection} operations on one socket")
            payload = [system_error(error, self.context.request_id)]
            await self.websocket.send_json({"id": message["id"], "type": "error", "payload": payload})
        else:
            await super().handle_message(message)

    async def handle_subscribe(self, message: Any) -> None:
        """Count an operation as a request, and find its text where it names its document."""
        if self.connection_acknowledged:
            payload = message["payload"]
            try:
                await count_request(self.context)
                require_few(payload.get("variables"))
                payload["query"] = self.context.services.trusted.text(payload.get("query"), payload.get("documentId"))
            except MktdashError as error:
                errors = [system_error(error, self.context.request_id)]
                await self.websocket.send_json({"id": message["id"], "type": "error", "payload": errors})
                return
        await super().handle_subscribe(message)

    async def send_message(self, message: Any) -> None:
        """Send a message; in place of an answer with more bytes than one may have, the error that says so."""
        text = encode(message)
        most = self.context.services.most_answer_bytes
        if most is not None and len(text) > most and message["type"] == "next":
            error = AnswerTooLargeError.over(most)
            payload = {"data": None, "errors": [system_error(error, self.context.request_id)]}
            text = encode({**message, "payload": payload})
        await self.websocket.send_encoded(text)

    @property
    def _full(self) -> bool:
        most = self.max_subscriptions_per_connection
        return most is not None and len(self.operations) >= most

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:  # noqa: ARG004 - strawberry's hook
        return None


def _fault(message: Any) -> str | None:
    """What is wrong with the form of a message."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "a message is an object with a type"
    kind, name, payload = message["type"], message.get("id"), message.get("payload")
    if kind in {"subscribe", "complete"} and not (isinstance(name, str) and 0 < len(name) <= _LONGEST_ID):
        return f"an id is a text of 1..{_LONGEST_ID} characters"
    if kind != "subscribe":
        return None
    if not isinstance(payload, dict):
        return "a payload is an object"
    forms = _FORMS_BY_ID if payload.get("query") is None and "documentId" in payload else _FORMS
    wrong = [member for member, form in forms.items() if not isinstance(payload.get(member), form)]
    return f"the payload's {wrong[0]} has another form" if wrong else None
