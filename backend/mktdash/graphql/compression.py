"""Compressed bodies: which encoding a client accepts, and the bytes in it. Small bodies stay as they are."""

import asyncio
import gzip
from functools import lru_cache

import zstandard

IDENTITY = "identity"
# Below this a frame's own bytes and the work outweigh what is saved.
LEAST_BYTES = 1_400
# Longer ones would hold up the event loop.
_LONGEST_INLINE = 64 * 1024
# By what they are worth here: at these levels zstd is smaller and several times faster.
_KNOWN = ("zstd", "gzip")


@lru_cache(256)
def best_encoding(accepted: str) -> str:
    """The encoding to use under an ``Accept-Encoding``: zstd, gzip, or identity where neither is accepted."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        try:
            weights[name.strip()] = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    anything = weights.get("*", 0.0)
    offered = [name for name in _KNOWN if weights.get(name, anything) > 0]
    return max(offered, key=lambda name: (weights.get(name, anything), -_KNOWN.index(name)), default=IDENTITY)


async def compressed(body: bytes, encoding: str) -> bytes:
    """A body in an encoding; a long one is compressed beside the event loop."""
    if encoding == IDENTITY:
        return body
    if len(body) > _LONGEST_INLINE:
        return await asyncio.to_thread(_compress, body, encoding)
    return _compress(body, encoding)


def _compress(body: bytes, encoding: str) -> bytes:
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(body)
    # The same bytes for the same body: no time in the header.
    return gzip.compress(body, 5, mtime=0)
