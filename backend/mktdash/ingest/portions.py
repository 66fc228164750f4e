"""A payload in portions: each is what one transaction merges, so that a huge file never stands in memory whole."""

from collections import Counter
from collections.abc import Iterator, Sequence

from mktdash.ingest.symbology import joined_parts
from mktdash.providers.base import Left, Parsed, ParsedSeries

# About two seconds of writing: what another writer may have to wait for, and what stands in memory at a time.
PORTION_ROWS = 250_000
_MERGED_ROWS = 60_000


def portions_of(pieces: Iterator[Parsed], *, whole: bool) -> Iterator[tuple[list[Parsed], bool]]:
    """What one transaction merges, and whether there is more; at least one portion, be it empty.

    What is missing can only be told from the ``whole``: that is one portion of one piece.
    """
    portion: list[Parsed] = []
    rows = 0
    for piece in _larger(pieces, whole=whole):
        if rows >= PORTION_ROWS:
            yield portion, True
            portion, rows = [], 0
        portion.append(piece)
        rows += _rows(piece)
    yield portion, False


def _larger(pieces: Iterator[Parsed], *, whole: bool) -> Iterator[Parsed]:
    """Pieces joined up to a size that is worth a round of statements."""
    some: list[Parsed] = []
    rows = 0
    for piece in pieces:
        if rows >= _MERGED_ROWS and not whole:
            yield _joined(some)
            some, rows = [], 0
        some.append(piece)
        rows += _rows(piece)
    if some:
        yield _joined(some)


def _rows(piece: Parsed) -> int:
    return sum(len(one.columns) for one in piece.series) + len(piece.rejected)


def _joined(pieces: Sequence[Parsed]) -> Parsed:
    """All pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    series: dict[str, list[ParsedSeries]] = {}
    for piece in pieces:
        for one in piece.series:
            series.setdefault(one.alias, []).append(one)
    left: Counter[Left] = Counter()
    for piece in pieces:
        left.update(piece.left)
    return Parsed(
        series=[joined_parts(parts) for parts in series.values()],
        rejected=[rejection for piece in pieces for rejection in piece.rejected],
        given=sum(piece.given or 0 for piece in pieces),
        left=left,
    )
