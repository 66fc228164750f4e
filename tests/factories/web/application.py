"""The real ASGI application for tests: called in the process, or served on a port for clients that want a socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import uvicorn
from gql import Client
from gql.transport.websockets import WebsocketsTransport
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from mktdash.app import create_app, server_config
from mktdash.domain.clock import Clock, system_clock
from mktdash.graphql.schema import MktdashSchema
from mktdash.resources import Resources
from mktdash.security.tokens import create_token
from mktdash.settings import Settings
from mktdash.web_times import WebTimes

NOWHERE = "unix:///nowhere/redis.sock"
# Deadlines that no slow machine reaches; what is done again and again stays as often as it is.
_DEADLINES = ("first_byte", "request", "refused", "introduction", "limits", "file_limit", "health", "shared_read")
PATIENT = WebTimes(**dict.fromkeys(_DEADLINES, 600.0))


def resources_over(
    engine: AsyncEngine,
    *,
    redis_url: str = NOWHERE,
    clock: Clock = system_clock,
    times: WebTimes = PATIENT,
    **settings: Any,
) -> Resources:
    """Resources of a process over an engine; Redis is away unless its URL is given, and no slow machine is too slow."""
    return Resources(
        settings=Settings(**settings),
        engine=engine,
        redis=Redis.from_url(redis_url),
        clock=clock,
        code_sha="test",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        times=times,
    )


@dataclass(frozen=True)
class Web:
    """The application and a client that speaks to it from this machine."""

    client: httpx.AsyncClient
    app: Any
    resources: Resources

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """The body of the answer to a query."""
        return (await self.post(query, variables, **headers)).json()

    async def post(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        """The answer to a query."""
        return await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def data(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without errors."""
        body = await self.ask(query, variables)
        assert "errors" not in body, body
        return body["data"]

    async def error(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The first error of an answer."""
        return (await self.ask(query, variables))["errors"][0]

    async def token(self, role: str, **options: Any) -> str:
        """A new token of a role."""
        return await create_token(
            self.resources.engine, name=f"test {role}", role=role, clock=self.resources.clock, **options
        )

    def from_elsewhere(self, peer: str = "203.0.113.9", host: str = "dash.example") -> httpx.AsyncClient:
        """A client on another machine."""
        return _client(self.app, peer, host)


def _client(app: Any, peer: str, host: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(peer, 40000), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


@asynccontextmanager
async def web_over(resources: Resources, schema: MktdashSchema | None = None) -> AsyncIterator[Web]:
    """The application called in this process."""
    app = create_app(resources, schema)
    async with app.router.lifespan_context(app), _client(app, "127.0.0.1", "localhost:8000") as client:
        yield Web(client, app, resources)
    await resources.redis.aclose()


def client_of(address: str) -> httpx.AsyncClient:
    """A client over a real socket, with more deadline than any machine needs."""
    return httpx.AsyncClient(base_url=f"http://{address}", timeout=600)


def socket_to(address: str, protocol: str = "graphql-transport-ws", **options: Any) -> connect:
    """A WebSocket to GraphQL, likewise."""
    options = {"open_timeout": 600, "ping_interval": None} | options
    return connect(f"ws://{address}/graphql", subprotocols=[Subprotocol(protocol)], **options)


def gql_client(address: str, transport: dict[str, Any] | None = None, **options: Any) -> Client:
    """The client of the gql package over a WebSocket, likewise; ``transport`` has more options of its transport."""
    over = WebsocketsTransport(
        f"ws://{address}/graphql",
        subprotocols=["graphql-transport-ws"],
        connect_timeout=None,
        ack_timeout=None,
        connect_args={"open_timeout": 600, "ping_interval": None},
        **(transport or {}),
    )
    return Client(transport=over, execute_timeout=None, **options)


@asynccontextmanager
async def served(resources: Resources) -> AsyncIterator[str]:
    """The application on a port of its own; gives ``host:port``."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        host, port = listener.getsockname()
        bound = replace(resources, settings=resources.settings.model_copy(update={"port": port}))
        app = create_app(bound)
        config = server_config(app, seconds_to_end=1, times=resources.times)
        server = uvicorn.Server(config)
        # The tests' own loop serves; signals stay with the test runner.
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells by this flag alone
            await asyncio.sleep(0.005)
        try:
            yield f"{host}:{port}"
        finally:
            app.state.mktdash.hub.end_streams()
            server.should_exit = True
            await task
            await resources.redis.aclose()
