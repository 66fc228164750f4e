"""The packed form of a bucket of a series: little-endian columns, hashed by content, read without making objects.

Layout: a 16-byte head (version, columns present, whether known times differ, count), the observed columns, then the
known times. The digest covers the head's facts and the observed columns only: when something was learned does not
change what was observed.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from mktdash.domain.observation import BAR_FIELDS, Columns, Float64Array, Int64Array

_HEAD: Final = struct.Struct("<BBBxIq")
_VERSION: Final = 1
_FLAGS_BIT: Final = 1 << 7
_INT: Final = np.dtype("<i8")
_FLOAT: Final = np.dtype("<f8")


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed run: its bytes and the SHA-256 of what was observed."""

    n: int
    last_as_of: int
    digest: bytes
    payload: bytes


def pack(columns: Columns) -> Packed:
    """Pack a non-empty, ascending run whose known times are filled."""
    observed, present = _observed(columns)
    known = columns.known_at
    if known is None or not len(columns):
        raise ValueError("only a non-empty run with known times can be packed")
    same = bool((known == known[0]).all())
    head = _HEAD.pack(_VERSION, present, not same, len(columns), int(known[0]))
    body = b"".join(observed)
    payload = head + body + (b"" if same else known.astype(_INT, copy=False).tobytes())
    return Packed(len(columns), int(columns.as_of[-1]), _digest(present, body), payload)


def digest_of(columns: Columns) -> bytes:
    """The digest that a chunk of these columns has."""
    observed, present = _observed(columns)
    return _digest(present, b"".join(observed))


def unpack(payload: bytes) -> Columns:
    """The columns of a chunk, as read-only views on its bytes.

    Raises:
        ValueError: the bytes are not a chunk of this version or have been cut.
    """
    if len(payload) < _HEAD.size:
        raise ValueError(f"a chunk of {len(payload)} bytes has no head")
    version, present, varied, n, known_first = _HEAD.unpack_from(payload)
    if version != _VERSION:
        raise ValueError(f"chunk version {version} is not {_VERSION}")
    at = _HEAD.size
    as_of = np.frombuffer(payload, _INT, n, at)
    at += 8 * n
    value = np.frombuffer(payload, _FLOAT, n, at)
    at += 8 * n
    bars: dict[str, Float64Array | None] = dict.fromkeys(BAR_FIELDS)
    for bit, name in enumerate(BAR_FIELDS):
        if present & (1 << bit):
            bars[name] = np.frombuffer(payload, _FLOAT, n, at)
            at += 8 * n
    if present & _FLAGS_BIT:
        flags = np.frombuffer(payload, _INT, n, at)
        at += 8 * n
    else:
        flags = np.zeros(n, _INT)
    known = np.frombuffer(payload, _INT, n, at) if varied else np.full(n, known_first, _INT)
    return Columns(as_of=as_of, value=value, flags=flags, known_at=known, **bars)


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
