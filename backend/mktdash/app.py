"""The web process: GraphQL, the HTTP routes, and the page."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from mktdash import __version__
from mktdash.domain.errors import MktdashError, UnavailableError
from mktdash.graphql.answer_cache.answers import AnswerCache
from mktdash.graphql.answer_cache.middleware import AnswerCacheMiddleware
from mktdash.graphql.context import Services
from mktdash.graphql.documents.trusted import read_trusted
from mktdash.graphql.schema import MktdashSchema
from mktdash.graphql.transport.endpoint import GraphQLEndpoint
from mktdash.http import problems
from mktdash.http.file_limit import FileLimit
from mktdash.http.middleware import RequestMiddleware
from mktdash.http.openapi import document
from mktdash.http.pages.files import page
from mktdash.http.pages.graphiql import Graphiql
from mktdash.http.routes import OPERATIONS
from mktdash.http.server.request_bounds import BoundedProtocol
from mktdash.http.state import HttpState
from mktdash.live.hub import Hub
from mktdash.resources import Resources, open_resources
from mktdash.security.addresses import networks
from mktdash.security.authentication import Authentication
from mktdash.security.buckets import Buckets, Limit
from mktdash.security.stream_limit import OpenStreams
from mktdash.settings import Settings
from mktdash.start_signal import wait_to_run
from mktdash.store.engine.session import write_transaction
from mktdash.store.live.heartbeats import beating
from mktdash.store.live.outbox import ensure_epoch
from mktdash.store.live.topic_versions import VersionWatch
from mktdash.web_times import USUAL, WebTimes

_MOST_SOCKET_MESSAGE_BYTES = 256 * 1024
# Streams are told to end first; what still hangs after this is cut.
_SECONDS_TO_END = 5


def create_app(resources: Resources, schema: MktdashSchema | None = None) -> Starlette:
    """The ASGI application over resources that the caller opened and will close."""
    settings, times = resources.settings, resources.times
    hub = Hub(resources.engine, resources.redis, clock=resources.clock)
    authentication = Authentication(
        resources.engine, resources.clock, anonymous_read=settings.anonymous_read, times=times
    )
    buckets = Buckets(resources.redis, without_redis=settings.limits_without_redis, seconds_to_answer=times.limits)
    services = Services(
        engine=resources.engine,
        redis=resources.redis,
        clock=resources.clock,
        hub=hub,
        version=__version__,
        code_sha=resources.code_sha,
        started_at=resources.started_at,
        anonymous_read=settings.anonymous_read,
        buckets=buckets,
        request_limit=_limit("requests", settings.request_rate),
        cost_limit=_limit("cost", settings.cost_rate),
        streams=OpenStreams(settings.stream_limit or None),
        trusted=read_trusted(settings.trusted_documents, only=settings.trusted_documents_only),
        most_answer_bytes=settings.answer_mb * 1024 * 1024,
    )
    trusted = networks(settings.trusted_proxies)
    watch = VersionWatch(resources.engine, times.shared_read)
    schema = schema or MktdashSchema(seconds_to_answer=settings.answer_seconds, introspection=settings.introspects)
    graphql = GraphQLEndpoint(schema, services, authentication, times.introduction)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with write_transaction(resources.engine) as conn:
            await ensure_epoch(conn)
        hub.start()
        try:
            async with beating(resources.engine, "web", resources.clock):
                yield
        finally:
            await hub.close()
            await watch.aclose()
            await authentication.aclose()

    kept_answers = []
    if settings.answer_cache_mb:
        answers = AnswerCache(settings.answer_cache_mb * 1024 * 1024)
        kept_answers.append(
            Middleware(
                AnswerCacheMiddleware,
                path="/graphql",
                endpoint=graphql,
                answers=answers,
                watch=watch,
                clock=resources.clock,
            )
        )
    app = Starlette(
        routes=[
            Route("/graphql", Graphiql(graphql, settings.static_dir) if settings.free_queries else graphql),
            WebSocketRoute("/graphql", graphql),
            *(operation.route() for operation in OPERATIONS),
            Route("/{path:path}", page),
        ],
        middleware=[
            Middleware(
                RequestMiddleware,
                authentication=authentication,
                buckets=buckets,
                limit=_limit("requests", settings.request_rate),
                trusted=trusted,
            ),
            *kept_answers,
        ],
        exception_handlers={
            MktdashError: problems.known,
            HTTPException: problems.refused,
        },
        lifespan=lifespan,
    )
    app.state.mktdash = HttpState(
        engine=resources.engine,
        redis=resources.redis,
        clock=resources.clock,
        hub=hub,
        authentication=authentication,
        version=__version__,
        code_sha=resources.code_sha,
        static_dir=settings.static_dir,
        seconds_to_answer=times.health,
        openapi=document.text(OPERATIONS),
        file_rate=FileLimit(settings.redis, settings.file_rate, times.file_limit) if settings.file_rate else None,
    )
    return app


def _limit(name: str, a_minute: int) -> Limit | None:
    return Limit(name, a_minute) if a_minute else None


class _Server(uvicorn.Server):
    """Ends the streams of live events first: nobody else would, and a graceful end waits for them."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in good order."""
        self._hub.end_streams()
        await super().shutdown(sockets)


def server_config(
    app: Starlette, *, log_level: str = "info", seconds_to_end: int = _SECONDS_TO_END, times: WebTimes = USUAL
) -> uvicorn.Config:
    """How the application is served, here and in tests."""
    return uvicorn.Config(
        app,
        # uvicorn calls what it is given; its types know classes only.
        http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, times=times)),
        log_config=None,
        # At lesser levels uvicorn writes the query strings and headers of sockets, with whatever tokens are in them.
        log_level="error" if log_level == "error" else "warning",
        access_log=False,
        # Addresses count for access, so no header may change them.
        proxy_headers=False,
        server_header=False,
        date_header=True,
        ws_max_size=_MOST_SOCKET_MESSAGE_BYTES,
        # Node's own WebSocket (24.19) loses the close frame behind packed messages; events are small as they are.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=seconds_to_end,
        timeout_keep_alive=65,
        lifespan="on",
    )


async def run_web(settings: Settings) -> int:
    """Serve until told to stop: the entry of ``mktdash web``. Returns the exit code.

    Raises:
        UnavailableError: the port is taken, or the address is not one of this machine.
    """
    with _listening(settings.host, settings.port) as listener:
        async with open_resources(settings) as resources:
            app = create_app(resources)
            config = server_config(app, log_level=settings.log_level, times=resources.times)
            state: HttpState = app.state.mktdash
            server = _Server(config, state.hub)
            # What is loaded by now stays: a collection that walks all of it again stalls every request meanwhile.
            gc.collect()
            gc.freeze()
            wait_to_run()
            await server.serve(sockets=[listener])
            return 0 if server.started else 1


def _listening(host: str, port: int) -> socket.socket:
    family: Any = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small writes at once only where the protocol is named; else an answer takes 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UnavailableError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; set PORT to another port",
            host=host,
            port=port,
        ) from None
    return listener
