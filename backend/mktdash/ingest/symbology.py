"""Symbology: a source's symbol may stand for one instrument up to a date and for another from then on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mktdash.domain.instrument import SeriesSpec
from mktdash.domain.observation import Columns
from mktdash.ingest.validate import rejection_at
from mktdash.providers.base import ParsedSeries, Rejection
from mktdash.store.catalogue.registration import AliasPeriod, Known
from mktdash.store.catalogue.series import SeriesRow


@dataclass(frozen=True, slots=True)
class SeriesPart:
    """The part of a payload that belongs to one series.

    Attributes:
        first, until: the time in which the symbol stands for the series, microseconds; ``until`` is excluded.
    """

    series: SeriesRow
    spec: SeriesSpec
    parsed: ParsedSeries
    first: int
    until: int

    def within(self, window: tuple[int, int] | None) -> tuple[int, int] | None:
        """The part of a window (both ends included) in which the symbol stands for the series."""
        if window is None:
            return None
        low, high = max(window[0], self.first), min(window[1], self.until - 1)
        return (low, high) if low <= high else None


def assign_series(parsed: ParsedSeries, known: Known) -> tuple[list[SeriesPart], list[Rejection]]:
    """The series of each observation; refuses those of times at which the symbol stood for no instrument."""
    if len(known.periods) == 1 and _covers(known.periods[0], parsed):
        one = known.periods[0]
        return [SeriesPart(one.series, one.spec, parsed, one.first, one.until)], []
    assigned = []
    unassigned = np.ones(len(parsed.columns), np.bool_)
    for one in known.periods:
        inside = (parsed.columns.as_of >= one.first) & (parsed.columns.as_of < one.until)
        unassigned &= ~inside
        absent = parsed.absent
        part = replace(
            parsed,
            columns=parsed.columns.take(inside),
            absent=None if absent is None else absent[(absent >= one.first) & (absent < one.until)],
            lines=None if parsed.lines is None else parsed.lines[inside],
        )
        assigned.append(SeriesPart(one.series, one.spec, part, one.first, one.until))
    reason = "the source's symbol stood for no instrument at that time"
    return assigned, [rejection_at(parsed, at, "NO_IDENTITY", "symbol", reason) for at in np.flatnonzero(unassigned)]


def join_parts(parts: Sequence[SeriesPart]) -> SeriesPart:
    """All that a payload has of one series, under whatever symbols, as one."""
    first = min(parts, key=lambda one: one.first)
    return replace(first, parsed=concat([one.parsed for one in parts]), until=max(one.until for one in parts))


def concat(parts: Sequence[ParsedSeries]) -> ParsedSeries:
    """Parts of a series, one after the other, under the symbol of the first."""
    if len(parts) == 1:
        return parts[0]
    absent = [one.absent for one in parts if one.absent is not None]
    lines = [one.lines for one in parts if one.lines is not None]
    return ParsedSeries(
        alias=parts[0].alias,
        columns=Columns.concat([one.columns for one in parts]),
        absent=np.concatenate(absent) if absent else None,
        lines=np.concatenate(lines) if len(lines) == len(parts) else None,
    )


def _covers(period: AliasPeriod, parsed: ParsedSeries) -> bool:
    as_of = parsed.columns.as_of
    return not len(as_of) or (int(as_of.min()) >= period.first and int(as_of.max()) < period.until)
