"""Time as the store keeps it: int64 microseconds since the epoch, UTC. Clocks are always passed in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROS_PER_SECOND = 1_000_000
MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND
# By how much the clock of a source, or of another machine of ours, may be ahead of this one's, in microseconds.
CLOCKS_DIFFER = 5 * 60 * MICROS_PER_SECOND
_MICROSECOND = timedelta(microseconds=1)


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def to_micros(instant: datetime) -> int:
    """Microseconds since the epoch of an aware datetime.

    Raises:
        ValueError: the datetime names no zone, so it names no instant.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} names no time zone")
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The UTC datetime of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=micros)


def iso(micros: int) -> str:
    """RFC 3339 text in UTC, without a fraction where there is none: ``2026-10-30T14:15:00Z``."""
    return from_micros(micros).isoformat().replace("+00:00", "Z")
