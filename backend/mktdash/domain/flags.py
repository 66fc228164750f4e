"""Quality flags: several at once on one value; a bitmask inside, names outside."""

from enum import IntFlag
from functools import lru_cache


class Flag(IntFlag):
    """What a reader must know about a value. The bits are stored: append, never renumber."""

    ESTIMATED = 1 << 0
    PROVISIONAL = 1 << 1
    FILLED = 1 << 2
    BREAK = 1 << 3
    CORRECTED = 1 << 4
    STALE = 1 << 5
    OUTLIER = 1 << 6
    INDICATIVE = 1 << 7
    LATE = 1 << 8
    MISSING = 1 << 9
    RETRACTED = 1 << 10
    UNVALIDATED = 1 << 11
    SIMULATED = 1 << 12
    SOURCE_DEGRADED = 1 << 13


KNOWN_BITS = sum(Flag)


def flag_names(mask: int) -> list[str]:
    """The names of the flags set in a mask, in bit order."""
    return list(_names(mask))


@lru_cache(4096)
def _names(mask: int) -> tuple[str, ...]:
    return tuple(flag.name for flag in Flag if mask & flag and flag.name)
