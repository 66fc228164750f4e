"""A WebSocket server on loopback that says what a test wants said, and can fall silent without closing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import orjson
from websockets.asyncio.server import ServerConnection, serve

from mktdash.providers.streaming.second_batches import SecondBatches

# Streams whose messages are passed on with each of them, not once a second.
AT_ONCE = partial(SecondBatches, every_s=0.0, settle_s=0.0)
Talk = Callable[[ServerConnection, int], Awaitable[None]]


class StreamServer:
    """Runs ``talk(connection, n)`` for the n-th connection, then says nothing more and does not hang up."""

    def __init__(self, talk: Talk, subscriptions: int) -> None:
        self.talk = talk
        self.subscriptions = subscriptions
        self.subscribed: list[object] = []
        self.connections = 0
        self.url = ""

    async def handle(self, connection: ServerConnection) -> None:
        self.connections += 1
        number = self.connections
        self.subscribed.extend([orjson.loads(await connection.recv()) for _ in range(self.subscriptions)])
        await self.talk(connection, number)
        await connection.wait_closed()


@asynccontextmanager
async def stream_server(talk: Talk, *, subscriptions: int = 1) -> AsyncIterator[StreamServer]:
    """Serve on a free port of loopback while the block runs."""
    stream = StreamServer(talk, subscriptions)
    async with serve(stream.handle, "127.0.0.1", 0, close_timeout=0.1) as server:
        stream.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield stream


def saying(*messages: object, close: bool = False) -> Talk:
    """The same messages to everybody; JSON but for text."""

    async def talk(connection: ServerConnection, number: int) -> None:
        del number
        for message in messages:
            await connection.send(message if isinstance(message, str) else orjson.dumps(message).decode())
        if close:
            await connection.close()

    return talk


async def heard(payloads: AsyncIterator[object], seconds: float = 60.0) -> tuple[list[object], Exception]:
    """Everything a stream brought until it failed, and how it failed."""
    found: list[object] = []
    try:
        async with asyncio.timeout(seconds):
            async for payload in payloads:
                found.append(payload)  # noqa: PERF401  # what came before the error must be seen
    except Exception as error:  # noqa: BLE001  # the test says which one it wants
        return found, error
    raise AssertionError("a stream ends with an error only")
