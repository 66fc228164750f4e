"""Accounts for every record of a payload: a parser that loses one without a word can't finish.

What was kept, what the source says is none, and what was refused is counted from what the parser gives back; what it
leaves out on purpose it must name. A record is what a payload says of one series at one instant: a row, or each cell of
a row that has a column for each series. A row that can't be read at all counts once.
"""

from collections import Counter
from collections.abc import Iterable

from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.base import Left, Parsed, ParsedSeries, Rejection


class Account:
    """What has become of the records of a payload, or of a piece of one."""

    def __init__(self, what: str, given: int) -> None:
        self._what = what
        self._given = given
        self._series: list[ParsedSeries] = []
        self._refused: list[Rejection] = []
        self._notes: list[Rejection] = []
        self._left: Counter[Left] = Counter()

    def keep(self, series: ParsedSeries) -> None:
        """Take what is said of a series: its observations, and the instants for which the source says there is none."""
        if len(series.columns) or series.absent is not None:
            self._series.append(series)

    def refuse(self, rejections: Iterable[Rejection]) -> None:
        """Refuse records: one rejection a record."""
        self._refused.extend(rejections)

    def note(self, rejections: Iterable[Rejection]) -> None:
        """Report what is wrong with the payload besides its records, such as a column that is new."""
        self._notes.extend(rejections)

    def leave(self, why: Left, n: int) -> None:
        """Leave records out for a reason that is no fault."""
        self._left[why] += n

    def parsed(self) -> Parsed:
        """What the parser gives back.

        Raises:
            ProviderFormatError: the sum is not what was given: the parser is wrong, and nothing of it may be believed.
        """
        kept = sum(len(one.columns) + (0 if one.absent is None else len(one.absent)) for one in self._series)
        found = kept + len(self._refused) + self._left.total()
        if found != self._given:
            raise ProviderFormatError(
                f"{self._what}: {self._given} records were given and {found} are accounted for",
                given=self._given,
                found=found,
            )
        return Parsed(self._series, [*self._notes, *self._refused], self._given, +self._left)


def joined(pieces: Iterable[Parsed]) -> Parsed:
    """Several pieces as one."""
    every = list(pieces)
    left: Counter[Left] = Counter()
    for piece in every:
        left.update(piece.left)
    return Parsed(
        [one for piece in every for one in piece.series],
        [no for piece in every for no in piece.rejected],
        sum(piece.given or 0 for piece in every),
        left,
    )
