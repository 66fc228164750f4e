"""What a piece of a payload says that may be merged: whose it is, what of it is valid, what it can withdraw.

Nothing is read from the store or written to it here: the same goes for a batch on its way in, for one that is told
again, and for one that is only compared with what is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mktdash.domain.observation import Columns, Int64Array
from mktdash.ingest.merge import NOTHING_SPARED, Spared
from mktdash.ingest.symbology import Told, joined, told_of
from mktdash.ingest.validate import Valid, validate
from mktdash.providers.base import Parsed, Rejection
from mktdash.store.catalogue.instruments import SeriesRow
from mktdash.store.catalogue.registration import Known

# One in twenty: a payload of which more can't be read is broken, and what it leaves out says nothing.
_LARGE_SHARE = 0.05
# What a parser notes of the columns is no record that could not be read.
_OF_COLUMNS = frozenset({"COLUMN_UNKNOWN", "COLUMN_MISSING"})


@dataclass(frozen=True, slots=True)
class BatchKey:
    """What a merge needs to know of its batch. Times in microseconds.

    Attributes:
        window: the payload is the whole truth between these instants (both included); None where it only adds.
    """

    id: int
    known_at: int
    window: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What may be merged of one series.

    Attributes:
        window: what it is the whole truth of, if of anything.
        spared: what it leaves out of that and may not withdraw.
        absent: the instants that the source declares empty, ascending.
    """

    series: SeriesRow
    columns: Columns
    window: tuple[int, int] | None
    spared: Spared
    absent: Int64Array


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a piece comes to; ``broken`` where it was to be the whole truth, and too much of it could not be read."""

    accepted: Sequence[Accepted]
    refused: Sequence[Rejection]
    broken: bool


def accept(piece: Parsed, known: Mapping[str, Known], key: BatchKey) -> Acceptance:
    """Go through what a piece says of the series in ``known``, by their source's own symbols."""
    by_series: dict[int, list[Told]] = {}
    refused: list[Rejection] = []
    for one in piece.series:
        if one.alias in known:
            told, nobodys = told_of(one, known[one.alias])
            refused += nobodys
            for part in told:
                by_series.setdefault(part.series.id, []).append(part)
    checked = [
        (parts, own := joined(parts), validate(own.parsed, own.spec, key.known_at)) for parts in by_series.values()
    ]
    unread = [one for one in piece.rejected if one.code not in _OF_COLUMNS]
    broken = key.window is not None and _share(piece, len(unread) + sum(len(one.rejected) for *_, one in checked)) > (
        _LARGE_SHARE
    )
    accepted = []
    for parts, own, valid in checked:
        refused += valid.rejected
        window = own.within(key.window)
        if window is None:
            spared = NOTHING_SPARED
        else:
            spared = Spared(everything=True) if broken else _spared(parts, valid, unread)
        absent = own.parsed.absent
        absent = np.empty(0, np.int64) if absent is None else np.sort(absent)
        accepted.append(Accepted(own.series, valid.columns, window, spared, absent))
    return Acceptance(accepted, refused, broken)


def _share(piece: Parsed, unread: int) -> float:
    """How much of what the source gave could not be read."""
    read = sum(len(one.columns) + (0 if one.absent is None else len(one.absent)) for one in piece.series)
    refused = sum(one.code not in _OF_COLUMNS for one in piece.rejected)
    return unread / max(read + refused, 1)


def _spared(parts: Sequence[Told], valid: Valid, unread: Sequence[Rejection]) -> Spared:
    """What of a series was spoken of and could not be read: that is not absent."""
    aliases = {None, *(one.parsed.alias for one in parts)}
    of_it = [one.as_of for one in (*unread, *valid.rejected) if one.alias in aliases]
    if None in of_it:
        return Spared(everything=True)
    return Spared(np.array(of_it, np.int64))
