"""Collects the messages of a stream into one payload a second, and never splits a millisecond."""

from collections.abc import Callable


class SecondBatches:
    """Messages with the time they arrived; ``time`` is a clock of seconds that never goes back.

    What happens in one millisecond may come in two messages; they are kept together by waiting for ``settle_s``.
    """

    def __init__(self, time: Callable[[], float], *, every_s: float = 1.0, settle_s: float = 0.25) -> None:
        self._time = time
        self._every_s = every_s
        self._settle_s = settle_s
        self._lines: list[tuple[float, bytes]] = []
        self._due = time() + self._every_s

    def add(self, message: bytes) -> None:
        """Take a message in."""
        self._lines.append((self._time(), message))

    def take(self) -> bytes:
        """Once a second, the messages old enough to be complete, one a line; else nothing."""
        now = self._time()
        if now < self._due:
            return b""
        self._due = now + self._every_s
        ready = [line for at, line in self._lines if at <= now - self._settle_s]
        self._lines = [(at, line) for at, line in self._lines if at > now - self._settle_s]
        return b"\n".join(ready)
