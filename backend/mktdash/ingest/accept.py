"""Which observations of a parsed payload may be merged: assigned to series, validated, and what they may retract.

Nothing is read from the store or written to it here: ingest, replay and the check against raw bytes all use it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mktdash.domain.observation import Columns, Int64Array
from mktdash.ingest.difference import NOTHING_PROTECTED, Protected
from mktdash.ingest.symbology import SeriesPart, assign_series, join_parts
from mktdash.ingest.validate import Valid, validate
from mktdash.providers.base import Parsed, Rejection
from mktdash.store.catalogue.registration import Known
from mktdash.store.catalogue.series import SeriesRow

# One in twenty: a payload of which more can't be read is broken, and what it leaves out says nothing.
_LARGE_SHARE = 0.05
# Notes on the columns of a payload, not records that could not be read.
_COLUMN_NOTES = frozenset({"COLUMN_UNKNOWN", "COLUMN_MISSING"})


@dataclass(frozen=True, slots=True)
class BatchKey:
    """What a merge needs to know of its batch. Times in microseconds.

    Attributes:
        window: between these instants (both included) the payload is complete, so what it leaves out is retracted;
            None where it only adds.
    """

    id: int
    known_at: int
    window: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The valid observations of one series.

    Attributes:
        window: where the payload is complete for this series; None where it only adds.
        protected: what it leaves out there and may not retract.
        absent: the instants that the source declares empty, ascending.
    """

    series: SeriesRow
    columns: Columns
    window: tuple[int, int] | None
    protected: Protected
    absent: Int64Array


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is accepted and refused; ``broken`` where too much of a complete payload could not be read."""

    accepted: Sequence[Accepted]
    refused: Sequence[Rejection]
    broken: bool


def accept(part: Parsed, known: Mapping[str, Known], key: BatchKey) -> Acceptance:
    """Assign, validate and bound a part of a payload; ``known`` has its series by the source's own symbols."""
    by_series: dict[int, list[SeriesPart]] = {}
    refused: list[Rejection] = []
    for one in part.series:
        if one.alias in known:
            assigned, unassigned = assign_series(one, known[one.alias])
            refused += unassigned
            for piece in assigned:
                by_series.setdefault(piece.series.id, []).append(piece)
    checked = [
        (parts, own := join_parts(parts), validate(own.parsed, own.spec, key.known_at)) for parts in by_series.values()
    ]
    unread = [one for one in part.rejected if one.code not in _COLUMN_NOTES]
    broken = key.window is not None and _share(part, len(unread) + sum(len(one.rejected) for *_, one in checked)) > (
        _LARGE_SHARE
    )
    accepted = []
    for parts, own, valid in checked:
        refused += valid.rejected
        window = own.within(key.window)
        if window is None:
            protected = NOTHING_PROTECTED
        else:
            protected = Protected(everything=True) if broken else _protected(parts, valid, unread)
        absent = own.parsed.absent
        absent = np.empty(0, np.int64) if absent is None else np.sort(absent)
        accepted.append(Accepted(own.series, valid.columns, window, protected, absent))
    return Acceptance(accepted, refused, broken)


def _share(part: Parsed, unread: int) -> float:
    """How much of what the source gave could not be read."""
    read = sum(len(one.columns) + (0 if one.absent is None else len(one.absent)) for one in part.series)
    refused = sum(one.code not in _COLUMN_NOTES for one in part.rejected)
    return unread / max(read + refused, 1)


def _protected(parts: Sequence[SeriesPart], valid: Valid, unread: Sequence[Rejection]) -> Protected:
    """The instants of a series whose record came and could not be read: they are not absent."""
    aliases = {None, *(one.parsed.alias for one in parts)}
    of_it = [one.as_of for one in (*unread, *valid.rejected) if one.alias in aliases]
    if None in of_it:
        return Protected(everything=True)
    return Protected(np.array(of_it, np.int64))
