"""Accounts for every record of a payload: a parser that silently loses one can't finish.

Kept, declared absent and refused records are counted from what the parser returns; what it skips on purpose it must
name. A record is one series at one instant: a row, or each cell of a row that has a column for each series. A row that
can't be read at all counts once.
"""

from collections import Counter
from collections.abc import Iterable

from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.base import Parsed, ParsedSeries, Rejection, SkipReason


class Account:
    """What became of the records of a payload, or of a part of one."""

    def __init__(self, what: str, records: int) -> None:
        self._what = what
        self._records = records
        self._series: list[ParsedSeries] = []
        self._refused: list[Rejection] = []
        self._notes: list[Rejection] = []
        self._skipped: Counter[SkipReason] = Counter()

    def keep(self, series: ParsedSeries) -> None:
        """Keep the observations of a series, and the instants for which the source says there is none."""
        if len(series.columns) or series.absent is not None:
            self._series.append(series)

    def refuse(self, rejections: Iterable[Rejection]) -> None:
        """Refuse records: one rejection a record."""
        self._refused.extend(rejections)

    def note(self, rejections: Iterable[Rejection]) -> None:
        """Report what is wrong with the payload beside its records, such as a new column."""
        self._notes.extend(rejections)

    def skip(self, why: SkipReason, n: int) -> None:
        """Skip records for a reason that is no fault."""
        self._skipped[why] += n

    def parsed(self) -> Parsed:
        """What the parser gives back.

        Raises:
            ProviderFormatError: the sum is not the number of records: the parser is wrong, nothing may be stored.
        """
        kept = sum(len(one.columns) + (0 if one.absent is None else len(one.absent)) for one in self._series)
        found = kept + len(self._refused) + self._skipped.total()
        if found != self._records:
            raise ProviderFormatError(
                f"{self._what}: the payload has {self._records} records and {found} are accounted for",
                records=self._records,
                found=found,
            )
        return Parsed(self._series, [*self._notes, *self._refused], self._records, +self._skipped)


def joined(parts: Iterable[Parsed]) -> Parsed:
    """Several parts as one."""
    every = list(parts)
    skipped: Counter[SkipReason] = Counter()
    for part in every:
        skipped.update(part.skipped)
    return Parsed(
        [one for part in every for one in part.series],
        [no for part in every for no in part.rejected],
        sum(part.records or 0 for part in every),
        skipped,
    )
