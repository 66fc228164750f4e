"""How many subscriptions each token or address has open in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from mktdash.domain.errors import ThrottledError


class OpenStreams:
    """Places for subscriptions; ``most`` for each bearer, None for as many as come."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def place(self, bearer: str) -> Iterator[None]:
        """Hold a place while one is read.

        Raises:
            ThrottledError: the bearer has as many open as it may have.
        """
        if self._most is not None and self._open[bearer] >= self._most:
            raise ThrottledError(f"more than {self._most} subscriptions at once", most=self._most)
        self._open[bearer] += 1
        try:
            yield
        finally:
            self._open[bearer] -= 1
            if not self._open[bearer]:
                del self._open[bearer]
