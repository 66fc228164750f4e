"""GraphQL over WebSocket (graphql-transport-ws), where strawberry's own manners need mending."""

from collections.abc import Mapping

from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from mktdash.graphql.context import RequestContext
from mktdash.graphql.encoding import encode


class TextFrames(ASGIWebSocketAdapter):
    """Sends orjson's bytes as text frames, which the protocol asks for."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message."""
        try:
            await self.ws.send_text(encode(message).decode())
        except (WebSocketDisconnect, RuntimeError) as error:
            # A server may report a closed socket by either; the client has gone in both cases.
            raise WebSocketDisconnected from error


class PatientHandler(BaseGraphQLTransportWSHandler[RequestContext, None]):
    """Answers a document that does not parse with an error; a typing mistake must not end the other streams."""

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:  # noqa: ARG004 - strawberry's hook
        return None
