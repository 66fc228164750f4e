"""Content negotiation by weights (RFC 9110, 12.4.2): which content encoding a client prefers."""

from collections.abc import Collection, Sequence
from functools import lru_cache

IDENTITY = "identity"
# Nobody names more things; a header of 64 kB could.
MOST_NAMED = 50
# Among equals. Clients that name zstd last, or hand on what they do not know themselves, are many; so zstd is taken
# only where it is wanted more than both of the others.
_BEST_FIRST = ("br", "gzip", "zstd")


def weight(parameters: Sequence[str]) -> float:
    """The weight among the parameters of one thing accepted, 0 to 1: 1 where none is given, 0 where it is none."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                given = float(value)
            except ValueError:
                return 0.0
            return min(given, 1.0) if given > 0 else 0.0
    return 1.0


@lru_cache(256)
def best_encoding(accepted: str, offered: Collection[str] = _BEST_FIRST) -> str:
    """The encoding to use under an ``Accept-Encoding``: the one of those offered that is wanted most, or identity."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(",", MOST_NAMED)[:MOST_NAMED]:
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = weight(parameters)
    # Whoever takes anything has named nothing that it can read; gzip is what everybody can.
    weights.setdefault("gzip", weights.get("*", 0.0))
    known = [name for name in _BEST_FIRST if name in offered and weights.get(name, 0.0) > 0]
    best = max(known, key=weights.__getitem__, default=IDENTITY)
    return IDENTITY if weights.get(IDENTITY, 0.0) > weights.get(best, 0.0) else best
