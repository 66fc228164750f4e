"""How a chunk is encoded: little-endian columns, hashed by content, read without making objects.

Layout: a 16-byte head (version, columns present, whether known times differ, count), the observed columns, then the
known times. The digest covers the head's facts and the observed columns only: when something was learned does not
change what was observed.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mktdash.domain.observation import BAR_FIELDS, Columns, Float64Array, Int64Array

_HEAD: Final = struct.Struct("<BBBxIq")
_VERSION: Final = 1
_FLAGS_BIT: Final = 1 << 7
_INT: Final = np.dtype("<i8")
_FLOAT: Final = np.dtype("<f8")
_NO_FLAGS: Final = bytes(8)
_NO_BAR: Final = np.array([np.nan], _FLOAT).tobytes()
# Which columns a chunk has, in their order, by the byte in its head.
_COLUMNS_OF: Final = {
    present: ["as_of", "value"]
    + [name for bit, name in enumerate(BAR_FIELDS) if present & (1 << bit)]
    + (["flags"] if present & _FLAGS_BIT else [])
    for present in range(256)
}


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """The bytes of a chunk and the SHA-256 of what was observed."""

    n: int
    last_as_of: int
    digest: bytes
    payload: bytes


def encode_chunk(columns: Columns) -> EncodedChunk:
    """Encode non-empty, ascending columns whose known times are filled."""
    observed, present = _observed(columns)
    known = columns.known_at
    if known is None or not len(columns):
        raise ValueError("only non-empty columns with known times can be encoded")
    same = bool((known == known[0]).all())
    head = _HEAD.pack(_VERSION, present, not same, len(columns), int(known[0]))
    body = b"".join(observed)
    payload = head + body + (b"" if same else known.astype(_INT, copy=False).tobytes())
    return EncodedChunk(len(columns), int(columns.as_of[-1]), _digest(present, body), payload)


def digest_of(columns: Columns) -> bytes:
    """The digest that a chunk of these columns has."""
    observed, present = _observed(columns)
    return _digest(present, b"".join(observed))


def decode_chunk(payload: bytes) -> Columns:
    """The columns of a chunk.

    Raises:
        ValueError: the bytes are not a chunk of this version or have been cut.
    """
    return decode_chunks([payload])


def decode_chunks(payloads: Sequence[bytes]) -> Columns:
    """The columns of chunks, one after the other; read-only arrays.

    The parts of a column are joined as bytes and become one array at the end: an array a chunk and column would cost
    more than the read from the database.

    Raises:
        ValueError: some bytes are not a chunk of this version or have been cut.
    """
    if not payloads:
        return Columns.empty()
    chunks = [_split(payload) for payload in payloads]
    counts = [one.n for one in chunks]
    columns: dict[str, Any] = {"as_of": _INT, "value": _FLOAT}
    for name, kind in columns.items():
        columns[name] = np.frombuffer(b"".join([one.parts[name] for one in chunks]), kind)
    for name in (*BAR_FIELDS, "flags"):
        if any(name in one.parts for one in chunks):
            missing = _NO_FLAGS if name == "flags" else _NO_BAR
            joined = [one.parts.get(name) or missing * one.n for one in chunks]
            columns[name] = np.frombuffer(b"".join(joined), _INT if name == "flags" else _FLOAT)
    columns.setdefault("flags", np.zeros(sum(counts), _INT))
    if any(one.known for one in chunks):
        joined = [one.known or one.known_first.to_bytes(8, "little", signed=True) * one.n for one in chunks]
        columns["known_at"] = np.frombuffer(b"".join(joined), _INT)
    else:
        columns["known_at"] = np.repeat(np.array([one.known_first for one in chunks], _INT), counts)
    return Columns(**columns)


@dataclass(frozen=True, slots=True)
class _Parts:
    n: int
    parts: dict[str, bytes]
    known_first: int
    known: bytes


def _split(payload: bytes) -> _Parts:
    """The columns of a chunk, as bytes."""
    if len(payload) < _HEAD.size:
        raise ValueError(f"a chunk of {len(payload)} bytes has no head")
    version, present, varied, n, known_first = _HEAD.unpack_from(payload)
    if version != _VERSION:
        raise ValueError(f"chunk version {version} is not {_VERSION}")
    size = 8 * n
    at = _HEAD.size
    parts = {}
    for name in _COLUMNS_OF[present]:
        parts[name] = payload[at : at + size]
        at += size
    known = payload[at : at + size] if varied else b""
    if len(payload) != at + len(known) or (varied and len(known) != size):
        raise ValueError(f"a chunk of {n} observations can't have {len(payload)} bytes")
    return _Parts(n, parts, known_first, known)


def _observed(columns: Columns) -> tuple[list[bytes], int]:
    # A column that says nothing (no bar, no flag) is left out, so that equal data have equal bytes.
    present = 0
    parts = [_ints(columns.as_of), _floats(columns.value)]
    for bit, name in enumerate(BAR_FIELDS):
        column = getattr(columns, name)
        if column is not None and not np.isnan(column).all():
            present |= 1 << bit
            parts.append(_floats(column))
    if columns.flags.any():
        present |= _FLAGS_BIT
        parts.append(_ints(columns.flags))
    return parts, present


def _ints(column: Int64Array) -> bytes:
    return column.astype(_INT, copy=False).tobytes()


def _floats(column: Float64Array) -> bytes:
    # -0.0 and 0.0 are equal values, and NaN has many bit patterns: one form of each.
    plain = column.astype(_FLOAT, copy=True)
    plain += 0.0
    plain[np.isnan(plain)] = np.nan
    return plain.tobytes()


def _digest(present: int, body: bytes) -> bytes:
    return hashlib.sha256(bytes((_VERSION, present)) + body).digest()
