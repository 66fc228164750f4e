"""Encoded columns by content: the JSON of a chunk's columns is kept under the chunk's digest, so it can't be stale.

What a window cuts out of a chunk is determined by digest and window together; the tail goes by its own bytes.
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
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.series.chunk_slices import ChunkSlice, read_chunk_payloads, read_chunk_slices
from mktdash.store.series.chunks import decode_chunk

COLUMNS = frozenset({"asOf", "asOfMs", "value", *BAR_FIELDS, "flags"})
_MOST_BYTES = 96 * 1024 * 1024
# What a slice costs beside its texts: the key, the digest, the dictionaries.
_OVERHEAD = 600

_Key = tuple[bytes, int | None, int | None]


@dataclass(frozen=True, slots=True)
class EncodedSlice:
    """Encoded columns of one chunk slice, without brackets; None for a column of bars that it does not have."""

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
class EncodedChunkCache:
    """The encoded chunk slices of one process, bounded by their bytes."""

    kept: WeightedCache[_Key, EncodedSlice] = field(default_factory=lambda: WeightedCache(_MOST_BYTES))
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
        slices = await read_chunk_slices(conn, series, start=start, end=end)
        keys = [(one.content, one.start, one.end) for one in slices]
        encoded = [self._known(key, fields) for key in keys]
        missing = [at for at, part in enumerate(encoded) if part is None]
        self.found += len(encoded) - len(missing)
        self.made += len(missing)
        if missing:
            periods = [period for at in missing if (period := slices[at].period) is not None]
            payloads = await read_chunk_payloads(conn, series, periods) if periods else {}
            for at in missing:
                encoded[at] = self._make(keys[at], slices[at], payloads, fields)
        return _joined([part for part in encoded if part is not None], fields)

    def _known(self, key: _Key, fields: Collection[str]) -> EncodedSlice | None:
        part = self.kept.get(key)
        return part if part is not None and all(name in part.texts for name in fields) else None

    def _make(self, key: _Key, one: ChunkSlice, payloads: Mapping[int, bytes], fields: Collection[str]) -> EncodedSlice:
        chunk = decode_chunk(one.content if one.period is None else payloads[one.period])
        columns = chunk.between(one.start, one.end)
        before = self.kept.get(key)
        texts: dict[str, bytes | None] = {} if before is None else dict(before.texts)
        texts |= {name: _text(name, columns) for name in fields if name not in texts}
        masks, times = np.unique(columns.flags, return_counts=True)
        part = EncodedSlice(len(columns), dict(zip(masks.tolist(), times.tolist(), strict=True)), texts)
        self.kept.put(key, part, _OVERHEAD + len(key[0]) + sum(len(text) for text in texts.values() if text))
        return part


def _joined(encoded: list[EncodedSlice], fields: Collection[str]) -> EncodedPoints:
    masks: Counter[int] = Counter()
    for part in encoded:
        masks.update(part.masks)
    columns: dict[str, orjson.Fragment | None] = {}
    for name in fields:
        if name in BAR_FIELDS and all(part.texts[name] is None for part in encoded):
            columns[name] = None
            continue
        whole = [part.texts[name] or _nulls(part.n) for part in encoded if part.n]
        columns[name] = orjson.Fragment(b"[" + b",".join(whole) + b"]")
    return EncodedPoints(sum(part.n for part in encoded), masks, columns)


def _nulls(n: int) -> bytes:
    return b",".join([b"null"] * n)


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
