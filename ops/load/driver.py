"""One load generator for all servers measured: keep-alive connections to loopback, each with one request in flight.

It is small so that it costs less than any server it drives: one thread, epoll, one shared buffer, nothing decoded.
"""

import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_BUFFER = 1 << 20
# Against waiting for ever; how long is too long the budget says.
_SECONDS_TO_ANSWER = 120
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_OK = 200


@dataclass(slots=True)
class Tally:
    """What came back: seconds to each whole answer, and how many were not good."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return (len(self.latencies) - self.errors) / self.seconds

    def quantile(self, q: float) -> float:
        """Seconds within which that part of the answers came; 0 where none did."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else 0.0


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    sent_at: float = 0.0
    turn: int = 0
    head: bytes = b""
    # Bytes of the body still to come; None while the head is, -1 where the body comes in chunks.
    left: int | None = None
    status: int = 0
    body: bytearray = field(default_factory=bytearray)


def post(path: str, body: bytes, *, host: str = "localhost", **headers: str) -> bytes:
    """A request to be sent as it is; ``accept_encoding`` and the like become headers."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"host: {host}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + _HEAD_END + body


def get(path: str, *, host: str = "localhost", **headers: str) -> bytes:
    """A request to be sent as it is."""
    lines = [f"GET {path} HTTP/1.1", f"host: {host}", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + _HEAD_END


def drive(
    address: tuple[str, int],
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float,
    most: int = 1_000_000,
    good: Callable[[bytes], bool] | None = None,
) -> Tally:
    """Ask one after the other of ``requests``, over and over, until the time is up or ``most`` answers are there.

    Args:
        address: a server on loopback; any other is refused.
        requests: raw requests, each connection beginning at another one.
        connections: how many ask at once.
        seconds: how long; an answer under way at the end is waited for and counted.
        most: a bound on the count.
        good: looks at each body; without it bodies are only counted.
    """
    if address[0] not in _LOOPBACK:
        raise ValueError(f"{address[0]} is not this machine")
    tally = Tally(seconds)
    poll = select.epoll()
    buffer = memoryview(bytearray(_BUFFER))
    opened: dict[int, _Connection] = {}
    started = time.perf_counter()
    until = started + seconds
    try:
        for turn in range(connections):
            one = _Connection(socket.create_connection(address, timeout=_SECONDS_TO_ANSWER), turn=turn)
            one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened[one.socket.fileno()] = one
            poll.register(one.socket, select.EPOLLIN)
            _ask(one, requests)
        busy = connections
        while busy:
            ready = poll.poll(_SECONDS_TO_ANSWER)
            if not ready:
                raise TimeoutError(f"no answer within {_SECONDS_TO_ANSWER} s")
            for file, _ in ready:
                one = opened[file]
                n = one.socket.recv_into(buffer)
                if not n:
                    raise ConnectionError("the server hung up")
                if not _take(one, buffer[:n], keep=good is not None):
                    continue
                now = time.perf_counter()
                tally.latencies.append(now - one.sent_at)
                tally.errors += one.status != _OK or (good is not None and not good(bytes(one.body)))
                if now < until and len(tally.latencies) + busy <= most:
                    _ask(one, requests)
                else:
                    busy -= 1
        tally.seconds = time.perf_counter() - started
    finally:
        poll.close()
        for one in opened.values():
            one.socket.close()
    return tally


def _ask(one: _Connection, requests: Sequence[bytes]) -> None:
    one.head, one.left = b"", None
    one.body.clear()
    one.sent_at = time.perf_counter()
    one.socket.sendall(requests[one.turn % len(requests)])
    one.turn += 1


def _take(one: _Connection, piece: memoryview, *, keep: bool) -> bool:
    """Take in what came; True where the answer is whole."""
    if one.left is None:
        one.head += bytes(piece)
        end = one.head.find(_HEAD_END)
        if end < 0:
            return False
        head = one.head[:end].lower()
        one.status = int(head[9:12])
        at = head.find(b"\r\ncontent-length:")
        one.left = -1 if at < 0 else int(head[at + 17 :].split(b"\r\n", 1)[0])
        rest = memoryview(one.head)[end + 4 :]
        one.head = b""
        return _count(one, rest, keep=keep)
    return _count(one, piece, keep=keep)


def _count(one: _Connection, piece: memoryview, *, keep: bool) -> bool:
    if one.left == -1:
        one.body += piece
        return one.body.endswith(_LAST_CHUNK)
    assert one.left is not None  # noqa: S101 - set with the head
    one.left -= len(piece)
    if keep:
        one.body += piece
    return one.left <= 0
