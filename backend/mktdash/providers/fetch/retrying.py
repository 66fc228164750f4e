"""When a request is worth another try, and how long to wait before it."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

Sleep = Callable[[float], Awaitable[None]]

# For a source that asks for a longer pause than this no request waits: the circuit breaker opens.
_LONGEST_WAIT_S = 30.0
_FIRST_BACKOFF_S = 0.5


class FailedAttempt(Exception):  # noqa: N818  # it ends in an error of the domain, or in a good try
    """One try failed, and another may succeed."""

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, reached: bool = True, **data: object
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.reached = reached
        self.data = data


def retrying(attempts: int, sleep: Sleep) -> AsyncRetrying:
    """Tries until one is good, not worth repeating, or the last."""
    return AsyncRetrying(
        sleep=sleep,
        stop=stop_after_attempt(attempts),
        retry=retry_if_exception(_worth_another_try),
        wait=_wait,
        reraise=True,
    )


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, FailedAttempt) and error.reached and (error.retry_after_s or 0.0) <= _LONGEST_WAIT_S


def _wait(state: RetryCallState) -> float:
    """Exponential with full jitter; at least what the source asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_s if isinstance(error, FailedAttempt) and error.retry_after_s else 0.0
    backoff = _FIRST_BACKOFF_S * 2.0 ** (state.attempt_number - 1)
    return asked + random.uniform(0.1 if asked else 0.5, 1.0) * backoff  # noqa: S311  # no secret hangs on it


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds of a ``Retry-After``, which is a number or an HTTP date."""
    if value is None:
        return None
    text = value.strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
