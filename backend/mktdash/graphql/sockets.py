"""GraphQL over WebSocket (graphql-transport-ws), where strawberry's own manners need mending."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from mktdash.domain.errors import AnswerTooLargeError, MktdashError, ThrottledError
from mktdash.graphql.context import RequestContext
from mktdash.graphql.encoding import encode
from mktdash.graphql.errors import system_error
from mktdash.graphql.requests import require_few
from mktdash.graphql.throttle import count_request

_LONGEST_ID = 200
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
    """Answers a document that does not parse with an error; a typing mistake must not end the other streams."""

    websocket: TextFrames

    async def handle_message(self, message: Any) -> None:
        """Pass on what is formed as the protocol says; anything else ends the socket, with a reason."""
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
                said = [system_error(error, self.context.request_id)]
                await self.websocket.send_json({"id": message["id"], "type": "error", "payload": said})
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
