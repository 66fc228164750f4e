"""A server on loopback that says exactly what a test wants said, faults and all, and remembers what it was asked."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

REASONS = {200: "OK", 304: "Not Modified", 404: "Not Found", 418: "I'm a teapot", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """One answer, with the faults a wire has.

    Attributes:
        cut: send so many bytes of the body and hang up.
        length: claim a Content-Length; None leaves it out, so that the end of the body is the end of the connection.
        stall: say nothing after the head until the client hangs up.
        packed: gzip the body, and say so.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    length: bool = True
    stall: bool = False
    packed: bool = False

    async def send(self, writer: asyncio.StreamWriter) -> None:
        body = gzip.compress(self.body) if self.packed else self.body
        head = {**({"Content-Encoding": "gzip"} if self.packed else {}), **self.headers, "Connection": "close"}
        if self.length:
            head["Content-Length"] = str(len(body))
        lines = [
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}",
            *(f"{k}: {v}" for k, v in head.items()),
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        await writer.drain()
        if not self.stall:
            writer.write(body if self.cut is None else body[: self.cut])
            await writer.drain()


class WireServer:
    """Answers from a list in order (the last one again and again), or from a function of the request."""

    def __init__(self, *answers: Answer, script: Callable[[Asked], Answer] | None = None) -> None:
        self.answers = list(answers)
        self.script = script
        self.asked: list[Asked] = []
        self.url = ""
        self.open: set[asyncio.StreamWriter] = set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            target = urlsplit(head[0].split()[1])
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
            asked = Asked(target.path, dict(parse_qsl(target.query)), headers)
            self.asked.append(asked)
            if self.script is not None:
                answer = self.script(asked)
            else:
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            await answer.send(writer)
            if answer.stall:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()


@asynccontextmanager
async def wire_server(*answers: Answer, script: Callable[[Asked], Answer] | None = None) -> AsyncIterator[WireServer]:
    """Serve on a free port of loopback while the block runs."""
    wire = WireServer(*answers, script=script)
    server = await asyncio.start_server(wire.handle, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        for writer in list(wire.open):
            writer.close()
        await server.wait_closed()
