"""HTTP of the server, for clients that take their time or do not end: a request's head and its arrival have bounds.

uvicorn itself waits for ever for the rest of a request, and keeps as many bytes of headers as somebody sends.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mktdash.patience import Fuse

# From the connection, or a request's first byte, to its last: the largest body takes 10 s at 26 kB/s.
SECONDS_TO_ASK = 20.0
# How long, and how much, a sender who was refused goes on being heard, so that it comes to read why.
SECONDS_TO_HEAR = 2.0
MOST_HEARD_BYTES = 16 * 1024 * 1024
MOST_HEAD_BYTES = 64 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not come to its end, or whose head is too large."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: Fuse | None = None
        # A request's first byte is here and its last is not.
        self._coming = False
        self._in_head = False
        self._heads = 0
        self._head_bytes = 0
        self._bodied = False
        self._running: RequestResponseCycle | None = None
        # Bytes that came after a refusal; None while nothing was refused.
        self._heard: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more, and tell every request of this connection."""
        self._arrived()
        self._leave_alone()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is too much."""
        if self._heard is not None:
            self._heard += len(data)
            if self._heard > MOST_HEARD_BYTES:
                self.transport.abort()
            return
        begun, in_head = self._heads if self._coming else None, self._in_head
        self._bodied = False
        super().data_received(data)
        if self._deadline is None and self._waits():
            # Most requests come whole in one read, and need no deadline.
            self._await_request()
        # Only reads that both begin and end within one head, or after it without a part of the body: trailers, and what
        # may stand beside the length of a chunk. One read is bounded by itself.
        if self._coming and begun == self._heads and (self._in_head or not (in_head or self._bodied)):
            self._charge(len(data))

    def _charge(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def _waits(self) -> bool:
        if self._coming:
            return True
        # An empty line after a request begins none, and has ended the wait for the next.
        rests = self.cycle is None or self.cycle.response_complete
        return rests and self.timeout_keep_alive_task is None and not self.transport.is_closing()

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._arrived()
        self._coming = True
        self._in_head, self._head_bytes = True, 0
        self._heads += 1

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those after the body are nobody's here."""
        if self._in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self._bodied = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is here."""
        self._arrived()
        self._coming = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """A socket has its own ways to tell who has gone."""
        self._arrived()
        self._coming = False
        super().handle_websocket_upgrade()

    def _await_request(self) -> None:
        self._arrived()
        self._deadline = Fuse(self.loop, SECONDS_TO_ASK, self._give_up)

    def _arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.flow.read_paused:
            # It is us who do not read on, until an earlier request is answered.
            self._await_request()
            return
        # Who never asked anything gets no answer either: browsers open connections ahead of need.
        asked = self._in_head or (self.cycle is not None and not self.cycle.response_started)
        if asked:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self._refuse(b"400 Bad Request", msg.encode())

    def _refuse(self, status: bytes, says: bytes = b"") -> None:
        if self._heard is not None or self.transport.is_closing():
            return
        refused = self.cycle if self._coming and not self._in_head else None
        earlier = None if self._running is refused else self._running
        # Where the answer to an earlier request is still owed, or is being written, this would be taken for it.
        if (earlier is None or earlier.response_complete) and not (refused is not None and refused.response_started):
            head = (b"HTTP/1.1 " + status, b"content-type: text/plain", b"content-length: %d" % len(says))
            self.transport.write(b"\r\n".join((*head, b"connection: close", b"", says)))
        # Closed with bytes unread, the kernel would reset the connection, and the answer be lost with it.
        self._heard = 0
        self._arrived()
        self._deadline = Fuse(self.loop, SECONDS_TO_HEAR, self.transport.abort)
        self.transport.write_eof()
        self.flow.resume_reading()
        self._leave_alone()

    def _leave_alone(self) -> None:
        # For the application the client has gone: it has nothing to answer any more, not even "go on".
        for cycle in (self._running, self.cycle, *(queued for queued, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected, cycle.waiting_for_100_continue = True, False
                cycle.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        """The server stops: who was refused is not heard to the end."""
        if self._heard is None:
            super().shutdown()
        else:
            self.transport.abort()
