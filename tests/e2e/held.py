"""Streams of several clients to one running mktdash, held open side by side in a thread until they are asked about."""

import asyncio
import contextlib
import json
import shutil
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport
from tests.e2e.running import Running
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

# Three times the longest timer: a connection between two requests is kept for 65 s.
SECONDS = 3 * 65
_NODE = Path(__file__).parents[1] / "contract" / "node"
_BUSY = 'subscription { observations(symbols: ["SIM.ALPHA"]) { cursor } }'
# The recorded history of a bank that is not asked again: nothing comes.
_QUIET = 'subscription { observations(symbols: ["EURUSD"]) { cursor } }'


@dataclass
class Outcome:
    """How a stream went: how long it was held, what came on it, and how it ended where it did."""

    seconds: float = 0.0
    events: int = 0
    ended: str | None = None
    missing: str = ""


class Held:
    """Everything that is held; opened at once, judged when asked for."""

    SECONDS = SECONDS

    def __init__(self, home: Path) -> None:
        self._home = home
        self._streams: dict[str, Outcome] = {}
        self._judged: dict[str, Outcome] = {}
        self._over = threading.Event()
        self._failed: BaseException | None = None
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def outcome(self, stream: str) -> Outcome:
        """How a stream went, when its time is over."""
        self._over.wait()
        if self._failed is not None:
            raise self._failed
        return self._judged[stream]

    def close(self) -> None:
        """End all of it, whether or not its time is over."""
        self._unwanted.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with Running(self._home) as running:
                running.wait_for_line("ready: ")
                running.judged("EURUSD", "SIM.ALPHA")
                asyncio.run(self._hold(running))
        except BaseException as error:  # noqa: BLE001 - the test that asks gets it
            self._failed = error
        finally:
            self._over.set()

    async def _hold(self, running: Running) -> None:
        address = f"127.0.0.1:{running.port}"
        ways: dict[str, Callable[[str, Outcome], Awaitable[None]]] = {
            "quiet socket": lambda where, outcome: _socket(where, outcome, _QUIET),
            "busy socket": lambda where, outcome: _socket(where, outcome, _BUSY),
            "talking socket": _talking,
            "gql": _gql,
            "graphql-ws": self._graphql_ws,
            "quiet events": lambda where, outcome: _events(where, outcome, _QUIET),
            "busy events": lambda where, outcome: _events(where, outcome, _BUSY),
        }
        tasks = [asyncio.create_task(self._one(name, way, address)) for name, way in ways.items()]
        began = time.monotonic()
        while time.monotonic() - began < SECONDS + 1 and not self._unwanted.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.5)
        # As they stand now: what ends from here on is ended by us.
        self._judged = {name: replace(outcome) for name, outcome in self._streams.items()}
        for outcome in self._judged.values():
            outcome.seconds = outcome.seconds or time.monotonic() - began
        self._over.set()
        await asyncio.to_thread(running.stop)
        await asyncio.wait(tasks)

    async def _one(self, name: str, way: Callable[[str, Outcome], Awaitable[None]], address: str) -> None:
        outcome = self._streams[name] = Outcome()
        began = time.monotonic()
        try:
            await way(address, outcome)
            outcome.ended = outcome.ended or "the stream came to an end"
        except Exception as error:  # noqa: BLE001 - whatever it was, the test shows it
            outcome.ended = repr(error)
        outcome.seconds = time.monotonic() - began

    @staticmethod
    async def _graphql_ws(address: str, outcome: Outcome) -> None:
        node = Path(sys.prefix) / "bin" / "node"
        program = str(node) if node.exists() else shutil.which("node")
        if program is None or not (_NODE / "node_modules" / "graphql-ws").is_dir():
            outcome.missing = "NOT HELD: Node or its graphql-ws package is not installed"
            return
        process = await asyncio.create_subprocess_exec(
            program, str(_NODE / "held.mjs"), address, _BUSY, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                said = line.decode().strip()
                if said != "event":
                    outcome.ended = said
                    return
                outcome.events += 1
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _to_graphql(address: str) -> connect:
    # What the library does by default: a ping of its own every 20 s.
    return connect(f"ws://{address}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")], open_timeout=120)


async def _socket(address: str, outcome: Outcome, query: str) -> None:
    async with _to_graphql(address) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        async for message in socket:
            assert json.loads(message)["type"] == "next", message
            outcome.events += 1


async def _talking(address: str, outcome: Outcome) -> None:
    async with _to_graphql(address) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        while True:
            await socket.recv()
            outcome.events += 1
            await asyncio.sleep(0.5)
            await socket.send(json.dumps({"type": "ping"}))


async def _gql(address: str, outcome: Outcome) -> None:
    over = WebsocketsTransport(
        f"ws://{address}/graphql", subprotocols=["graphql-transport-ws"], connect_timeout=120, ack_timeout=120
    )
    async with Client(transport=over, execute_timeout=None) as session:
        async for _ in session.subscribe(gql(_BUSY)):
            outcome.events += 1


async def _events(address: str, outcome: Outcome, query: str) -> None:
    headers = {"accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(timeout=None, trust_env=False) as client,  # noqa: S113 - it is to be held
        client.stream("POST", f"http://{address}/graphql", json={"query": query}, headers=headers) as response,
    ):
        assert response.status_code == 200, response.status_code
        async for line in response.aiter_lines():
            outcome.events += line.startswith("event: next")
