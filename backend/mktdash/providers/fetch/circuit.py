"""A source's circuit breaker: after repeated failures it is not asked for a while, then tried once."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from mktdash.domain.clock import Clock
from mktdash.domain.errors import MktdashError, ProviderUnavailableError

_FAILURES_TO_OPEN = 5
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=15)


class CircuitState(StrEnum):
    """Closed: asked as usual. Open: left alone. Half-open: the next request is a trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is doing, for health, ``doctor`` and GraphQL.

    Attributes:
        failures: failed requests since the last good one.
        retry_at: when it will be asked again, while the circuit is open.
    """

    circuit: CircuitState
    failures: int
    last_ok_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    retry_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """The state as JSON values, instants as RFC 3339 text."""

        def text(instant: datetime | None) -> str | None:
            return None if instant is None else instant.isoformat().replace("+00:00", "Z")

        return {
            "circuit": self.circuit.value,
            "failures": self.failures,
            "last_ok_at": text(self.last_ok_at),
            "last_error": self.last_error,
            "last_error_at": text(self.last_error_at),
            "retry_at": text(self.retry_at),
        }


class Circuit:
    """The breaker of one source in one process."""

    def __init__(self, source: str, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._failures = 0
        self._pause = _FIRST_PAUSE
        self._open_until: datetime | None = None
        self._last_ok_at: datetime | None = None
        self._last_error: str | None = None
        self._last_error_at: datetime | None = None

    @property
    def state(self) -> SourceState:
        """How the source is doing now."""
        circuit = CircuitState.CLOSED
        if self._open_until is not None:
            circuit = CircuitState.OPEN if self._clock() < self._open_until else CircuitState.HALF_OPEN
        return SourceState(
            circuit=circuit,
            failures=self._failures,
            last_ok_at=self._last_ok_at,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
            retry_at=self._open_until,
        )

    def require(self) -> None:
        """Let a request pass.

        Raises:
            ProviderUnavailableError: the circuit is open; the error says until when.
        """
        state = self.state
        if state.circuit is CircuitState.OPEN and state.retry_at is not None:
            raise ProviderUnavailableError(
                f"{self._source} failed {self._failures} times in a row and is left alone for a while",
                source=self._source,
                retry_after_s=(state.retry_at - self._clock()).total_seconds(),
                last_error=self._last_error,
            )

    def succeeded(self) -> None:
        """The source gave a good answer."""
        self._failures = 0
        self._pause = _FIRST_PAUSE
        self._open_until = None
        self._last_ok_at = self._clock()

    def failed(self, error: MktdashError) -> None:
        """The source gave none; a trial that fails, or one failure too many, opens the circuit.

        A source that says when to come back is left alone until then, however few its failures.
        """
        now = self._clock()
        self._failures += 1
        self._last_error, self._last_error_at = error.message, now
        asked = error.data.get("retry_after_s")
        if isinstance(asked, int | float) and asked > 0:
            self._open_until = now + timedelta(seconds=min(asked, _LONGEST_PAUSE.total_seconds() * 4))
        elif self._failures >= _FAILURES_TO_OPEN:
            # Not all processes that lost the same source should come back to it at once.
            self._open_until = now + self._pause * random.uniform(0.75, 1.25)  # noqa: S311  # no secret hangs on it
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
