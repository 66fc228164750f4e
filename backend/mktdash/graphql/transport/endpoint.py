"""GraphQL over HTTP, WebSocket and server-sent events, by their specifications."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from cross_web import AsyncHTTPRequestAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError, MissingQueryError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.streaming import HTTPStreamTransport
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UnsetType

from mktdash.domain.errors import (
    AnswerTooLargeError,
    BadRequestError,
    MethodNotAllowedError,
    MktdashError,
    UnauthenticatedError,
)
from mktdash.graphql.answer_cache.dependence import READING_KEY
from mktdash.graphql.context import RequestContext, Services
from mktdash.graphql.errors import present, system_error
from mktdash.graphql.schema import MktdashSchema
from mktdash.graphql.transport.disconnect import while_connected
from mktdash.graphql.transport.event_stream import EventStream
from mktdash.graphql.transport.media_types import EVENT_STREAM, RESPONSE_JSON, answer_type
from mktdash.graphql.transport.requests import BoundedRequest, admit, read_operation
from mktdash.graphql.transport.sockets import PatientHandler, TextFrames
from mktdash.graphql.transport.stream_stop import Stop, until
from mktdash.graphql.vocabulary.json import decode, encode
from mktdash.security.authentication import SCOPE_KEY, Authentication, RequestFacts, bearer_of

MOST_OPERATIONS_A_SOCKET = 50
_READS = frozenset({OperationType.QUERY})
_CALLS = frozenset({OperationType.QUERY, OperationType.MUTATION})


class GraphQLEndpoint(GraphQL[RequestContext, None]):
    """The ASGI application at ``/graphql``."""

    request_adapter_class = BoundedRequest
    websocket_adapter_class = TextFrames
    graphql_transport_ws_handler_class = PatientHandler

    def __init__(
        self,
        schema: MktdashSchema,
        services: Services,
        authentication: Authentication,
        seconds_to_introduce: float,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=timedelta(seconds=seconds_to_introduce),
            max_subscriptions_per_connection=MOST_OPERATIONS_A_SOCKET,
        )
        self._mktdash_schema = schema
        self._services = services
        self.authentication = authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or serve a socket."""
        if scope["type"] == "websocket":
            await self.run(WebSocket(scope, receive=receive, send=send))
            return
        request = Request(scope, receive=receive)
        try:
            admit(request.method, request.scope[SCOPE_KEY])
            response = await self.run(request)
        except MktdashError as error:
            response = self._refusal(request, error)
        await response(scope, receive, send)

    def _refusal(self, request: Request, error: MktdashError) -> Response:
        facts: RequestFacts = request.scope[SCOPE_KEY]
        try:
            wanted = answer_type(request.headers.get("accept"))
        except MktdashError:
            wanted = RESPONSE_JSON
        headers = {"allow": "GET, POST"} if isinstance(error, MethodNotAllowedError) else {}
        if isinstance(error, UnauthenticatedError):
            headers["www-authenticate"] = 'Bearer realm="mktdash"'
        body: dict[str, Any] = {"errors": [system_error(error, facts.request_id)]}
        media_type = RESPONSE_JSON if wanted == EVENT_STREAM else wanted
        return _json_response(body, error.http_status, media_type, headers)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> RequestContext:  # noqa: ARG002 - Strawberry's signature
        """What the request brings with it."""
        facts: RequestFacts = request.scope[SCOPE_KEY]
        return RequestContext(
            services=self._services,
            principal=facts.principal,
            request_id=facts.request_id,
            client=facts.address,
            bearer=facts.bearer,
            standings=facts.standings,
            reading=request.scope.get(READING_KEY),
        )

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """A response to be, which knows its media type.

        Raises:
            NotAcceptableError: the client accepts none of ours.
        """
        response = await super().get_sub_response(request)
        response.media_type = answer_type(request.headers.get("accept"))
        return response

    def should_render_graphql_ide(self, request: Any) -> bool:  # noqa: ARG002 - Strawberry's signature
        """Never: a request without a query is an error, not a page."""
        return False

    def encode_json(self, data: object) -> bytes:
        """JSON by orjson, columns whole."""
        return encode(data)

    def decode_json(self, data: str | bytes) -> object:
        """JSON by orjson."""
        return decode(data)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """The request's operation."""
        return await read_operation(request, self._services.trusted)

    def _get_stream_transport_from_headers(self, headers: Mapping[str, str]) -> HTTPStreamTransport | None:
        # Clients name every type they can read; it is a stream only where that is the one wanted most.
        return self._get_stream_transport("sse") if answer_type(headers.get("accept")) == EVENT_STREAM else None

    async def execute_single(  # noqa: PLR0917 - strawberry's signature
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,  # noqa: ARG002 - Strawberry's signature
        sub_response: Response,
        context: RequestContext,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Run a query or a mutation, and find the status that its outcome has."""
        schema = self._mktdash_schema
        refused = await schema.admit(request_data.query, context)
        if refused is not None:
            errors = [refused]
            present(errors, context.request_id)
            return _with_status(ExecutionResult(data=None, errors=errors), sub_response)
        try:
            work = schema.execute(
                request_data.query,
                root_value=root_value,
                variable_values=request_data.variables,
                context_value=context,
                operation_name=request_data.operation_name,
                allowed_operation_types=_READS if request.method == "GET" else _CALLS,
                operation_extensions=request_data.extensions,
            )
            # What was asked to be done is done, whether or not its asker waits for the answer.
            reads = schema.documents.only_reads(request_data.query)
            result = await (while_connected(request.receive, work) if reads else work)
        except CannotGetOperationTypeError as error:
            raise BadRequestError(error.as_http_error_reason(), argument="operationName") from error
        except MissingQueryError as error:
            raise BadRequestError("the request has no query", argument="query") from error
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.SUBSCRIPTION:
                raise BadRequestError("subscriptions are served over WebSocket or as text/event-stream") from error
            raise MethodNotAllowedError("send mutations by POST", allow=["POST"]) from error
        return _with_status(result, sub_response)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The body; without ``data`` where nothing was executed."""
        body = await super().process_result(request, result)
        if _never_ran(result):
            body.pop("data", None)
        return body

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The response in the media type agreed.

        Raises:
            AnswerTooLargeError: it has more bytes than one may have.
        """
        response = _json_response(
            response_data, sub_response.status_code or 200, sub_response.media_type or RESPONSE_JSON, {}
        )
        most = self._services.most_answer_bytes
        if most is not None and len(response.body) > most:
            raise AnswerTooLargeError.over(most)
        return response

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """Server-sent events; in place of one with more bytes than an answer may have, the error that says so.

        When who asked is none any more, the last one says so with the code UNAUTHENTICATED.
        """
        facts: RequestFacts = request.scope[SCOPE_KEY]
        most = self._services.most_answer_bytes

        def error_event(error: MktdashError) -> str:
            body = {"data": None, "errors": [system_error(error, facts.request_id)]}
            return f"event: next\r\ndata: {encode(body).decode()}\r\n\r\n"

        async def bounded() -> AsyncIterator[str]:
            end: Stop[MktdashError] = Stop()
            with self.authentication.revocation.watching(facts.principal, end.set):
                async with aclosing(until(stream(), end)) as events:
                    async for event in events:
                        much = most is not None and len(event) > most
                        yield error_event(AnswerTooLargeError.over(most or 0)) if much else event
            if end.reason is not None:
                yield error_event(end.reason)
                yield "event: complete\r\ndata: \r\n\r\n"

        return EventStream(
            bounded(), status_code=sub_response.status_code or 200, headers={**sub_response.headers, **headers}
        )

    async def _create_streaming_response(
        self, request: Request, result: Any, protocol: Any, sub_response: Response
    ) -> Response:
        response = await super()._create_streaming_response(request, result, protocol, sub_response)
        if isinstance(response, EventStream):
            response.source = result
        return response

    async def on_ws_connect(self, context: RequestContext) -> UnsetType | dict[str, object] | None:
        """Let a socket in: by the token of ``connection_init``, or as who its handshake was.

        Raises:
            ConnectionRejectionError: it may not read.
        """
        # Clients hand on a header under the name that its user gave it.
        given = {name.lower(): value for name, value in (context.connection_params or {}).items()}
        authorization = given.get("authorization")
        try:
            if authorization is not None:
                context.principal = await self.authentication.of_authorization(str(authorization))
                context.bearer = bearer_of(context.principal, context.client)
            context.principal.require_reader()
        except MktdashError as error:
            raise ConnectionRejectionError from error
        return await super().on_ws_connect(context)


def _never_ran(result: ExecutionResult) -> bool:
    """Whether the request itself was at fault: an error of execution has a path."""
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def _with_status(result: ExecutionResult, sub_response: Response) -> ExecutionResult:
    # An answer in the older media type says all in its body; intermediaries may not know it for GraphQL.
    if _never_ran(result) and sub_response.media_type == RESPONSE_JSON:
        sub_response.status_code = _status(result)
    return result


def _status(result: ExecutionResult) -> int:
    cause = result.errors[0].original_error if result.errors else None
    return cause.http_status if isinstance(cause, MktdashError) else 400


def _json_response(body: Any, status: int, media_type: str, headers: Mapping[str, str]) -> Response:
    return Response(
        encode(body),
        status_code=status,
        headers={
            "content-type": f"{media_type}; charset=utf-8",
            "cache-control": "no-store",
            "vary": "accept, authorization, cookie",
            **headers,
        },
    )
