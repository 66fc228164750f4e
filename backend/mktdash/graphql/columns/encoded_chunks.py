"""Encoded columns by content: the JSON of a chunk's columns is kept under the chunk's digest, so it can't be stale.

A series is a join of such pieces. What a window cuts out of a chunk is determined by digest and window together, so
it is a piece of its own; the packed tail goes by its own bytes.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.observation import BAR_FIELDS, Columns
from mktdash.graphql.vocabulary.bounded_cache import WeightedCache
from mktdash.graphql.vocabulary.json import encode
from mktdash.graphql.vocabulary.scalars import flag_lists, floats, instants, millis
from mktdash.store.catalogue.instruments import SeriesRow
from mktdash.store.series.chunk_slices import Stretch, read_payloads, read_stretches
from mktdash.store.series.chunks import unpack

COLUMNS = frozenset({"asOf", "asOfMs", "value", *BAR_FIELDS, "flags"})
_MOST_BYTES = 96 * 1024 * 1024
# What a piece costs beside its texts: the key, the digest, the dictionaries.
_OVERHEAD = 600

_Key = tuple[bytes, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """Encoded columns of one stretch, without brackets; None for a column of bars that it does not have."""

    n: int
    masks: Mapping[int, int]
    texts: Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class EncodedPoints:
    """The points of a series as they are sent.

    Attributes:
        n: how many.
        masks: how many carry each bitmask of flags.
        columns: JSON lists by field name, of the fields asked for; None for bars that there are none of.
    """

    n: int
    masks: Mapping[int, int]
    columns: Mapping[str, orjson.Fragment | None]


@dataclass(slots=True)
class PieceCache:
    """The pieces of one process, bounded by their bytes."""

    kept: WeightedCache[_Key, Piece] = field(default_factory=lambda: WeightedCache(_MOST_BYTES))
    found: int = 0
    made: int = 0

    async def read_points(
        self,
        conn: AsyncConnection,
        series: SeriesRow,
        fields: Collection[str],
        *,
        start: int | None = None,
        end: int | None = None,
    ) -> EncodedPoints:
        """The current points between two instants (microseconds, both included), ``fields`` of them encoded."""
        stretches = await read_stretches(conn, series, start=start, end=end)
        keys = [(one.content, one.start, one.end) for one in stretches]
        pieces = [self._known(key, fields) for key in keys]
        missing = [at for at, piece in enumerate(pieces) if piece is None]
        self.found += len(pieces) - len(missing)
        self.made += len(missing)
        if missing:
            buckets = [bucket for at in missing if (bucket := stretches[at].bucket) is not None]
            payloads = await read_payloads(conn, series, buckets) if buckets else {}
            for at in missing:
                pieces[at] = self._make(keys[at], stretches[at], payloads, fields)
        return _joined([piece for piece in pieces if piece is not None], fields)

    def _known(self, key: _Key, fields: Collection[str]) -> Piece | None:
        piece = self.kept.get(key)
        return piece if piece is not None and all(name in piece.texts for name in fields) else None

    def _make(self, key: _Key, stretch: Stretch, payloads: Mapping[int, bytes], fields: Collection[str]) -> Piece:
        columns = _cut(unpack(stretch.content if stretch.bucket is None else payloads[stretch.bucket]), stretch)
        before = self.kept.get(key)
        texts: dict[str, bytes | None] = {} if before is None else dict(before.texts)
        texts |= {name: _text(name, columns) for name in fields if name not in texts}
        masks, times = np.unique(columns.flags, return_counts=True)
        piece = Piece(len(columns), dict(zip(masks.tolist(), times.tolist(), strict=True)), texts)
        self.kept.put(key, piece, _OVERHEAD + len(key[0]) + sum(len(text) for text in texts.values() if text))
        return piece


def _joined(pieces: list[Piece], fields: Collection[str]) -> EncodedPoints:
    masks: Counter[int] = Counter()
    for piece in pieces:
        masks.update(piece.masks)
    columns: dict[str, orjson.Fragment | None] = {}
    for name in fields:
        if name in BAR_FIELDS and all(piece.texts[name] is None for piece in pieces):
            columns[name] = None
            continue
        whole = [piece.texts[name] or _nulls(piece.n) for piece in pieces if piece.n]
        columns[name] = orjson.Fragment(b"[" + b",".join(whole) + b"]")
    return EncodedPoints(sum(piece.n for piece in pieces), masks, columns)


def _nulls(n: int) -> bytes:
    return b",".join([b"null"] * n)


def _cut(columns: Columns, stretch: Stretch) -> Columns:
    if stretch.start is None and stretch.end is None:
        return columns
    first = 0 if stretch.start is None else int(np.searchsorted(columns.as_of, stretch.start, "left"))
    last = len(columns) if stretch.end is None else int(np.searchsorted(columns.as_of, stretch.end, "right"))
    return columns.take(slice(first, max(first, last)))


def _text(name: str, columns: Columns) -> bytes | None:
    """A column as JSON without its brackets."""
    match name:
        case "asOf":
            return encode(instants(columns.as_of))[1:-1]
        case "asOfMs":
            return encode(millis(columns.as_of))[1:-1]
        case "flags":
            return encode(flag_lists(columns.flags))[1:-1]
        case "value":
            return encode(floats(columns.value))[1:-1]
        case _:
            bars = getattr(columns, name)
            return None if bars is None else encode(floats(bars))[1:-1]
