"""Splits a payload into groups that one transaction each merges, so that a huge file never stands in memory whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mktdash.ingest.symbology import concat
from mktdash.providers.account import joined
from mktdash.providers.base import Parsed, ParsedSeries


@dataclass(frozen=True, slots=True)
class TransactionSize:
    """How many rows a transaction takes, and a round of its statements.

    250,000 are about two seconds of writing: what another writer may have to wait for, and what stands in memory.
    """

    rows: int = 250_000
    part: int = 60_000


USUAL_SIZE = TransactionSize()


def split_by_transaction(
    parts: Iterator[Parsed], *, complete: bool, size: TransactionSize = USUAL_SIZE
) -> Iterator[tuple[list[Parsed], bool]]:
    """What one transaction merges, and whether there is more; at least one group, be it empty.

    What a ``complete`` payload leaves out shows at its end only: that is one group of one part.
    """
    group: list[Parsed] = []
    rows = 0
    for part in _larger(parts, size.part, complete=complete):
        if rows >= size.rows:
            yield group, True
            group, rows = [], 0
        group.append(part)
        rows += _rows(part)
    yield group, False


def _larger(parts: Iterator[Parsed], most: int, *, complete: bool) -> Iterator[Parsed]:
    """Parts joined up to a size that is worth a round of statements."""
    some: list[Parsed] = []
    rows = 0
    for part in parts:
        if rows >= most and not complete:
            yield _joined(some)
            some, rows = [], 0
        some.append(part)
        rows += _rows(part)
    if some:
        yield _joined(some)


def _rows(part: Parsed) -> int:
    return sum(len(one.columns) for one in part.series) + len(part.rejected)


def _joined(parts: Sequence[Parsed]) -> Parsed:
    """Several parts as one, with each series in it once."""
    if len(parts) == 1:
        return parts[0]
    whole = joined(parts)
    series: dict[str, list[ParsedSeries]] = {}
    for one in whole.series:
        series.setdefault(one.alias, []).append(one)
    return replace(whole, series=[concat(some) for some in series.values()])
