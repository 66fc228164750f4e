"""Requests and sockets spoken to the application in its own terms, in the task that asks: nothing stands between."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson


class Exchange:
    """One request or socket; ``heard`` is what the application sent."""

    def __init__(self, app: Any, token: str | None = None, **headers: str) -> None:
        self._app = app
        self._headers = [(b"host", b"localhost:8000"), (b"content-type", b"application/json")]
        self._headers += [(name.encode(), value.encode()) for name, value in headers.items()]
        if token is not None:
            self._headers.append((b"authorization", f"Bearer {token}".encode()))
        self.heard: list[Mapping[str, Any]] = []
        self._gone = asyncio.Event()
        self._hang_up_after = 0
        self._to_say: list[Mapping[str, Any]] = []

    @property
    def events(self) -> int:
        """How many events were heard, over either transport."""
        said = [one.get("body") or one.get("text", "").encode() for one in self.heard]
        return sum(one.count(b"event: next") + one.count(b'"type":"next"') for one in said)

    async def request(self, method: str, address: str) -> int:
        """Request a path, with its query if it has one; returns the status."""
        return await self._http(method, address, b"")

    def header(self, header: str) -> str:
        """A header of the answer."""
        return dict(self.heard[0]["headers"])[header.encode()].decode()

    async def post(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask GraphQL; returns the answer."""
        await self._http("POST", "/graphql", orjson.dumps({"query": query, "variables": variables}))
        return orjson.loads(b"".join(one.get("body", b"") for one in self.heard))

    async def follow(self, query: str, variables: Mapping[str, Any] | None, events: int) -> None:
        """Follow as server-sent events, and hang up after so many."""
        self._headers.append((b"accept", b"text/event-stream"))
        self._hang_up_after = events
        await self._http("POST", "/graphql", orjson.dumps({"query": query, "variables": variables}))

    async def follow_over_socket(self, query: str, variables: Mapping[str, Any] | None, events: int) -> None:
        """Follow over a WebSocket, and hang up after so many."""
        self._hang_up_after = events
        asked = {"query": query, "variables": variables}
        said = ({"type": "connection_init"}, {"type": "subscribe", "id": "1", "payload": asked})
        texts = [{"type": "websocket.receive", "text": orjson.dumps(one).decode()} for one in said]
        self._to_say = [{"type": "websocket.connect"}, *texts]
        scope = self._scope("websocket", "/graphql") | {"subprotocols": ["graphql-transport-ws"]}
        await self._app(scope, self._receive, self._send)

    async def _http(self, method: str, address: str, body: bytes) -> int:
        self._to_say = [{"type": "http.request", "body": body}]
        path, _, asked = address.partition("?")
        scope = self._scope("http", path) | {"method": method, "query_string": asked.encode()}
        await self._app(scope, self._receive, self._send)
        return self.heard[0]["status"]

    def _scope(self, kind: str, path: str) -> dict[str, Any]:
        return {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": self._headers,
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 8000),
        }

    async def _receive(self) -> Mapping[str, Any]:
        if self._to_say:
            return self._to_say.pop(0)
        await self._gone.wait()
        return {"type": "http.disconnect"} if self.heard[0]["type"].startswith("http") else _LEFT

    async def _send(self, message: Mapping[str, Any]) -> None:
        self.heard.append(message)
        if self._hang_up_after and self.events >= self._hang_up_after:
            self._gone.set()
        # As a server's does, which waits until the client has read.
        await asyncio.sleep(0)


_LEFT = {"type": "websocket.disconnect", "code": 1006}
