"""Bounds for a request that is on its way: how long it may take to arrive, and how large its head may be.

uvicorn itself waits for ever for the rest of a request, and keeps as many bytes of headers as somebody sends.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from mktdash.deadline import DeadlineTimer
from mktdash.http.server.request_parsing import RequestProtocol
from mktdash.web_times import USUAL, WebTimes

MOST_HEAD_BYTES = 64 * 1024


class BoundedProtocol(RequestProtocol):
    """Refuses a request that does not come to its end, or whose head is too large.

    The deadline belongs to a request that is coming. It ends with the request's last byte, and where a WebSocket
    takes the connection over.
    """

    def __init__(self, *args: Any, times: WebTimes = USUAL, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._times = times
        self._deadline: DeadlineTimer | None = None
        # A request's first byte is here and its last is not.
        self._coming = False
        # Bytes since the last that ended a head or belonged to a body: what the parser holds of heads and trailers.
        self._held = 0
        self._refused = False
        self._before: list[RequestResponseCycle] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more, and tell every request of this connection; uvicorn tells the last one only."""
        self._await_nothing()
        super().connection_lost(exc)
        for cycle in self._before:
            cycle.disconnected = True
            cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is too much."""
        # An empty line begins no request, and must not end uvicorn's wait for one.
        if self._refused or not (self._coming or data.strip(b"\r\n")):
            return
        self._held += len(data)
        super().data_received(data)
        if not self._coming or self._refused or self.transport.is_closing():
            return
        if self._deadline is None:
            # Only here: most requests come whole in one read, and need no deadline.
            self._await_request()
        if self._held > MOST_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._await_nothing()
        self._coming = True

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._held = 0
        earlier = self.cycle
        super().on_headers_complete()
        if earlier is not self.cycle:
            self._before = [one for one in (*self._before, earlier) if one is not None and not one.response_complete]

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self._held = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is here."""
        super().on_message_complete()
        if self.anew is None:
            self._held = 0
            self._coming = False
            self._await_nothing()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, with no timer of HTTP's left on it."""
        if self.cycle is not None and not self.cycle.response_complete:
            # The answer that is still owed would be written between frames.
            self.transport.close()
            return
        self._await_nothing()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self._refuse(b"400 Bad Request", msg.encode())

    def _await_request(self) -> None:
        seconds = self._times.request if self._coming else self._times.first_byte
        self._deadline = DeadlineTimer(self.loop, seconds, self._give_up)

    def _await_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.flow.read_paused:
            # It is us who do not read on, until an earlier request is answered.
            self._await_request()
        elif self._coming:
            self._refuse(b"408 Request Timeout")
        else:
            # Who never asked anything gets no answer either: browsers open connections ahead of need.
            self.transport.close()

    def _refuse(self, status: bytes, says: bytes = b"") -> None:
        """Say why, unless that would be taken for the answer to another request, and end the connection."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._await_nothing()
        its_own = self._coming and not self._in_head
        if self.pipeline or (self.cycle is not None and not self.cycle.response_complete and not its_own):
            answers_another = True
        else:
            answers_another = its_own and self.cycle.response_started
        if not answers_another:
            head = (b"HTTP/1.1 " + status, b"content-type: text/plain", b"content-length: %d" % len(says))
            self.transport.write(b"\r\n".join((*head, b"connection: close", b"", says)))
        if answers_another or its_own:
            self.transport.close()
        else:
            # Closed with bytes unread, the kernel would reset the connection, and the answer be lost with it.
            self.transport.write_eof()
            self._deadline = DeadlineTimer(self.loop, self._times.refused, self.transport.abort)
