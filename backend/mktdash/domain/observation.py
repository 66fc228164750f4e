"""Observations as columns: one array a field, aligned, ascending in ``as_of``. Never one object a point."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
Float64Array = npt.NDArray[np.float64]

BAR_FIELDS = ("open", "high", "low", "volume")


@dataclass(frozen=True, slots=True)
class Columns:
    """A run of observations of one series.

    Attributes:
        as_of: when each value holds, int64 microseconds UTC; strictly ascending once merged.
        value: the value; a bar's close.
        flags: bitmask of :class:`mktdash.domain.flags.Flag`.
        known_at: when this system learned the value, int64 microseconds UTC; None on the way in, where
            the batch says it for all.
        open, high, low, volume: of bars only; None where the series has no such column, NaN where one
            bar lacks it.
    """

    as_of: Int64Array
    value: Float64Array
    flags: Int64Array
    known_at: Int64Array | None = None
    open: Float64Array | None = None
    high: Float64Array | None = None
    low: Float64Array | None = None
    volume: Float64Array | None = None

    def __len__(self) -> int:
        return len(self.as_of)

    def take(self, selection: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice) -> Self:
        """The rows selected by a mask, an index array or a slice, in every column."""
        chosen: dict[str, Any] = {
            field.name: None if (column := getattr(self, field.name)) is None else column[selection]
            for field in fields(self)
        }
        return replace(self, **chosen)

    def between(self, start: int | None, end: int | None) -> Self:
        """The rows between two instants (microseconds, both included; None for no bound) of ascending ones."""
        first = 0 if start is None else int(np.searchsorted(self.as_of, start, "left"))
        last = len(self) if end is None else int(np.searchsorted(self.as_of, end, "right"))
        return self if (first, last) == (0, len(self)) else self.take(slice(first, max(first, last)))

    @classmethod
    def empty(cls) -> Self:
        """No observations, with known times."""
        none = np.empty(0, np.int64)
        return cls(as_of=none, value=np.empty(0), flags=none, known_at=none)

    @classmethod
    def concat(cls, parts: "list[Self]") -> Self:
        """The parts one after the other; a bar column missing in some parts is NaN there."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in ("as_of", "value", "flags")
        }
        known = [part.known_at for part in parts]
        joined["known_at"] = (
            None if any(k is None for k in known) else np.concatenate([k for k in known if k is not None])
        )
        for name in BAR_FIELDS:
            columns = [getattr(part, name) for part in parts]
            if all(column is None for column in columns):
                joined[name] = None
            else:
                joined[name] = np.concatenate(
                    [
                        np.full(len(part), np.nan) if column is None else column
                        for part, column in zip(parts, columns, strict=True)
                    ]
                )
        return cls(**joined)
