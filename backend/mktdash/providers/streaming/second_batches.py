"""Collects the messages of a stream into one payload a second, and never splits a millisecond."""

from collections.abc import Callable

# What happens in one millisecond may come in two messages; they are kept together by waiting this long.
_SETTLE_S = 0.25
_EVERY_S = 1.0


class SecondBatches:
    """Messages with the time they arrived; ``time`` is a clock of seconds that never goes back."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._lines: list[tuple[float, bytes]] = []
        self._due = time() + _EVERY_S

    def add(self, message: bytes) -> None:
        """Take a message in."""
        self._lines.append((self._time(), message))

    def take(self) -> bytes:
        """Once a second, the messages old enough to be complete, one a line; else nothing."""
        now = self._time()
        if now < self._due:
            return b""
        self._due = now + _EVERY_S
        ready = [line for at, line in self._lines if at <= now - _SETTLE_S]
        self._lines = [(at, line) for at, line in self._lines if at > now - _SETTLE_S]
        return b"\n".join(ready)
