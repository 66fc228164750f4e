"""Compares the payload's values of a series with the stored ones: by value and flags, never by text or fetch time."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mktdash.domain.flags import Flag
from mktdash.domain.observation import BAR_FIELDS, Columns, Float64Array, Int64Array

# mktdash sets this one itself when a value changes, so the same value without it is no change.
_OWN_FLAGS = int(Flag.CORRECTED)


def _no_instants() -> Int64Array:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Protected:
    """Stored values that a payload leaves out and may not retract: those whose record could not be read, or all."""

    instants: Int64Array = field(default_factory=_no_instants)
    everything: bool = False


NOTHING_PROTECTED = Protected()


@dataclass(frozen=True, slots=True)
class Difference:
    """What merging would change in one series.

    Attributes:
        new: observations at instants that had none.
        revised: the new content of instants whose value or flags changed.
        superseded: what ``revised`` replaces, aligned with it.
        retracted: the stored values that the source has withdrawn.
        same: how many instants were equal.
        kept: how many values the payload leaves out, and keep because a record of it could not be read.
        merged: all of the compared range after the change, ascending.
    """

    new: Columns
    revised: Columns
    superseded: Columns
    retracted: Columns
    same: int
    merged: Columns
    kept: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (len(self.new) or len(self.revised) or len(self.retracted))


def compare(
    current: Columns,
    incoming: Columns,
    known_at: int,
    window: tuple[int, int] | None = None,
    protected: Protected = NOTHING_PROTECTED,
) -> Difference:
    """Compare stored columns with incoming ones, both ascending with one entry an instant.

    Args:
        current: what is stored, at least over the span of ``incoming`` and ``window``.
        incoming: the payload's values; they are known at the batch's time.
        known_at: the batch's known time, microseconds.
        window: where given, the payload is complete between these instants (both included): what is stored there
            and not in ``incoming`` is retracted.
        protected: what is not retracted all the same.
    """
    arriving = _known(incoming, known_at)
    if not len(current) and window is None:
        return Difference(arriving, _none(arriving), _none(arriving), _none(arriving), 0, arriving)
    at = np.searchsorted(current.as_of, incoming.as_of)
    present = np.zeros(len(incoming), np.bool_)
    inside = at < len(current)
    present[inside] = current.as_of[at[inside]] == incoming.as_of[inside]
    matched = at[present]
    stored, repeated = current.take(matched), arriving.take(present)
    differs = ~_equal(stored, repeated)
    revised = repeated.take(differs)
    revised = Columns(
        as_of=revised.as_of,
        value=revised.value,
        flags=revised.flags | _OWN_FLAGS,
        known_at=revised.known_at,
        **{name: getattr(revised, name) for name in BAR_FIELDS},
    )
    keep = np.ones(len(current), np.bool_)
    keep[matched[differs]] = False
    gone = np.zeros(len(current), np.bool_)
    kept = 0
    if window is not None:
        gone = (current.as_of >= window[0]) & (current.as_of <= window[1])
        gone[matched] = False
        spared = gone if protected.everything else gone & np.isin(current.as_of, protected.instants)
        kept = int(spared.sum())
        gone &= ~spared
        keep &= ~gone
    new = arriving.take(~present)
    return Difference(
        new=new,
        revised=revised,
        superseded=stored.take(differs),
        retracted=current.take(gone),
        same=int(len(repeated) - differs.sum()),
        merged=_merged([current.take(keep), new, revised]),
        kept=kept,
    )


def _merged(parts: list[Columns]) -> Columns:
    filled = [part for part in parts if len(part)]
    if not filled:
        return Columns.empty()
    joined = Columns.concat(filled)
    if len(filled) == 1 or bool((np.diff(joined.as_of) > 0).all()):
        return joined
    return joined.take(np.argsort(joined.as_of, kind="stable"))


def _known(columns: Columns, known_at: int) -> Columns:
    return Columns(
        as_of=columns.as_of,
        value=columns.value,
        flags=columns.flags,
        known_at=np.full(len(columns), known_at, np.int64),
        **{name: getattr(columns, name) for name in BAR_FIELDS},
    )


def _none(columns: Columns) -> Columns:
    return columns.take(slice(0, 0))


def _equal(one: Columns, other: Columns) -> npt.NDArray[np.bool_]:
    equal: npt.NDArray[np.bool_] = (one.value == other.value) & _same_flags(one.flags, other.flags)
    for name in BAR_FIELDS:
        equal &= _same_column(getattr(one, name), getattr(other, name), len(one))
    return equal


def _same_flags(one: Int64Array, other: Int64Array) -> npt.NDArray[np.bool_]:
    same: npt.NDArray[np.bool_] = (one | _OWN_FLAGS) == (other | _OWN_FLAGS)
    return same


def _same_column(one: Float64Array | None, other: Float64Array | None, n: int) -> npt.NDArray[np.bool_]:
    if one is None and other is None:
        return np.ones(n, np.bool_)
    nothing = np.full(n, np.nan)
    left = nothing if one is None else one
    right = nothing if other is None else other
    return np.equal(left, right) | (np.isnan(left) & np.isnan(right))
