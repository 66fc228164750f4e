"""How uvicorn reads requests, mended where RFC 9110 and 9112 say otherwise: upgrades, absolute targets, trailers."""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class _Parser(httptools.HttpRequestParser):
    """llhttp takes what follows an ``Upgrade`` for another protocol; where none is spoken, it is the body."""

    def __init__(self, protocol: "RequestProtocol") -> None:
        super().__init__(protocol)
        self._protocol = protocol

    def feed_data(self, data: Any) -> None:
        """Parse on, and begin a request anew whose upgrade is ignored."""
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            head, self._protocol.anew = self._protocol.anew, None
            if head is None:
                raise
            self.feed_data(head + data[upgrade.args[0] :])


class RequestProtocol(HttpToolsProtocol):
    """HTTP/1.1 that ignores an upgrade it does not know, and believes a target's host before the Host header."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser = _Parser(self)
        # As uvicorn sets it: the first of several requests in one read is answered, whatever the others are.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        # The head of a request without its upgrade, to be parsed again.
        self.anew: bytes | None = None
        self._in_head = False

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Those after the body are none: nobody who looked at the head has seen them."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self.parser.should_upgrade() and not self._should_upgrade() and self.parser.get_method() != b"CONNECT":
            self.anew = self._without_upgrade()
            return
        authority = None if self.url.startswith(b"/") else _authority(self.url)
        if authority is not None:
            # In place, because the scope holds this list.
            self.headers[:] = [(name, authority if name == b"host" else value) for name, value in self.headers]
        super().on_headers_complete()
        self._in_head = False

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self.anew is None:
            super().on_message_complete()

    def _without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join((*lines, b"", b""))

    def _get_upgrade(self) -> bytes | None:
        # uvicorn looks at the last line of each header only, and at any method and version.
        if self.parser.get_method() != b"GET" or self.parser.get_http_version() != "1.1":
            return None
        asked = [value.strip().lower() for name, value in self.headers if name == b"upgrade"]
        return asked[0] if len(asked) == 1 else None


def _authority(url: bytes) -> bytes | None:
    """The host and port of an absolute target, with whatever else stands there, which is then no host's name."""
    target = httptools.parse_url(url)
    if not target.host:
        return None
    user = target.userinfo + b"@" if target.userinfo is not None else b""
    host = b"[%b]" % target.host if b":" in target.host else target.host
    return user + host + (b":%d" % target.port if target.port is not None else b"")
