"""One convention a column: a first look through a file, before any of it is believed.

``1.234`` is one number or a thousand times as much, ``03/04/2024`` is in March or in April. Which of both shows in
other rows of the column. Where they contradict each other or the mapping, or leave it open, the whole file is refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Int64Array
from mktdash.providers.reading.dates import DATE_FORMATS, ORDERS, DateRules, instants, wall_time_is_missing
from mktdash.providers.reading.delimited import Piece
from mktdash.providers.reading.excerpt import excerpt
from mktdash.providers.reading.numerals import BoolArray, Cells, Notation
from mktdash.providers.reading.numeric_instants import likely

_MARKS = {".": ",", ",": "."}
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Seen:
    """A cell that says something about its column's convention."""

    text: str
    line: int

    def __str__(self) -> str:
        return f"'{self.text}' (line {self.line})"

    @classmethod
    def at(cls, piece: Piece, cells: Cells, row: int) -> "Seen":
        """A cell of a piece."""
        return cls(excerpt(cells.raw(row), _SHOWN), int(piece.lines[row]))


def settled_rules(
    pieces: Callable[[], Iterator[Piece]], rules: DateRules, find: Callable[[tuple[str, ...]], int], what: str
) -> DateRules:
    """The date rules with one order of day and month.

    Args:
        pieces: the file, from its beginning.
        rules: with both orders where the mapping leaves it open.
        find: where in a header the date stands.
        what: the file, for the error's sentence.

    Raises:
        ProviderFormatError: the rows contradict each other or the mapping, or fit both orders; or no row has a date.
    """
    ordered = [name for name in rules.formats if name in ORDERS]
    if not ordered:
        for piece in pieces():
            _refuse_dateless(piece, piece.column(find(piece.header)).stripped(), rules, what)
            break
        return rules
    one = ordered[0]
    other = ORDERS[one]
    fits_one: Seen | None = None
    fits_other: Seen | None = None
    fits_both: Seen | None = None
    for number, piece in enumerate(pieces()):
        cells = piece.column(find(piece.header)).stripped()
        if not number:
            _refuse_dateless(piece, cells, rules, what)
        (first, first_good), (second, second_good) = DATE_FORMATS[one](cells), DATE_FORMATS[other](cells)
        fits_one = fits_one or _first(piece, cells, first_good & ~second_good)
        fits_other = fits_other or _first(piece, cells, second_good & ~first_good)
        fits_both = fits_both or _first(piece, cells, first_good & second_good & (first != second))
        if fits_one and (fits_other or other not in rules.formats):
            break
    if other not in rules.formats:
        if fits_other and fits_both and not fits_one:
            _refuse(what, f"{fits_other} is {other}, and {fits_both} fits it too, but the mapping says {one}")
        return rules
    if fits_one and fits_other:
        _refuse(what, f"the dates are of two orders: {fits_one} is {one}, {fits_other} is {other}")
    if fits_both and not fits_one and not fits_other:
        _refuse(what, f"every date fits both {one} and {other}, such as {fits_both}: the mapping must name one of them")
    gone = one if fits_other else other
    return replace(rules, formats=tuple(name for name in rules.formats if name != gone))


def refuse_two_marks(
    pieces: Callable[[Callable[[bytes], bool]], Iterator[Piece]],
    notation: Notation,
    find: Callable[[tuple[str, ...]], Iterable[int]],
    what: str,
    delimiter: str,
) -> None:
    """Look for a column whose numbers have two decimal marks.

    Args:
        pieces: the file from its beginning, without the lines that a function says are of no interest.
        notation: how numbers should be written.
        find: where in a header the numbers stand.
        what: the file, for the error's sentence.
        delimiter: between fields.

    Raises:
        ProviderFormatError: there is one; the error names two of its cells.
    """
    other = _MARKS.get(notation.decimal)
    if other is None:
        return
    own, mark = (re.escape(one).encode() for one in (notation.decimal, other))
    decimals, groups = re.compile(mark + rb"[0-9]"), re.compile(own + rb"[0-9]{3}" + own + rb"[0-9]")

    def wanted(block: bytes) -> bool:
        # Without quotes, a field can't hold the delimiter.
        has_other = (delimiter != other or b'"' in block) and decimals.search(block)
        return bool(has_other or groups.search(block))

    marks = _Marks(notation, other)
    against: dict[int, Seen] = {}
    for piece in pieces(wanted):
        marks.look(piece, set(find(piece.header)) - against.keys(), "other", against)
    if not against:
        return
    only_own: dict[int, Seen] = {}
    both: dict[int, Seen] = {}
    for piece in pieces(lambda _: True):
        marks.look(piece, against.keys() - only_own.keys(), "own", only_own)
        marks.look(piece, against.keys() - both.keys(), "both", both)
    for column, seen in against.items():
        # Where the mapping says what the other mark is for and a cell proves it, the cell that does not fit is wrong.
        if (beside := both.get(column) or only_own.get(column)) and not (notation.thousands and column in only_own):
            _refuse(what, f"the numbers have two decimal marks: {beside} beside {seen}")


class _Marks:
    """Tells the cells apart that only one decimal mark fits, and those that each fits with another value."""

    def __init__(self, notation: Notation, other: str) -> None:
        self._own, self._other = _numeral(notation.decimal, other), _numeral(other, notation.decimal)
        self._bytes = (ord(notation.decimal), ord(other))
        self._suffixes = tuple(suffix.encode() for suffix in notation.suffixes)

    def look(self, piece: Piece, columns: Iterable[int], kind: str, seen: dict[int, Seen]) -> None:
        """Note the first cell of each column that only the own mark fits, only the other, or both."""
        for column in columns:
            if found := self._first(piece, column, kind):
                seen[column] = found

    def _first(self, piece: Piece, column: int, kind: str) -> Seen | None:
        cells = piece.column(column).stripped()
        # Only cells with a mark say anything; the other mark alone fits those that have it, or the own one twice.
        own_marks, other_marks = (self._count(cells, byte) for byte in self._bytes)
        worth = (other_marks > 0) | (own_marks > (1 if kind == "other" else 0))
        for row in np.flatnonzero(worth).tolist():
            raw = cells.raw(row)
            for suffix in self._suffixes:
                raw = raw.removesuffix(suffix)
            own, other = bool(self._own.fullmatch(raw)), bool(self._other.fullmatch(raw))
            if (own or other) and kind == ("both" if own and other else "own" if own else "other"):
                return Seen.at(piece, cells, row)
        return None

    @staticmethod
    def _count(cells: Cells, byte: int) -> Int64Array:
        found = np.zeros(len(cells), np.int64)
        for position in range(min(int((cells.end - cells.start).max(initial=0)), _SHOWN)):
            found += cells.byte(position) == byte
        return found


def _numeral(decimal: str, thousands: str) -> re.Pattern[bytes]:
    point, group = re.escape(decimal), re.escape(thousands)
    return re.compile(
        rf"[+-]?(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)(?:{point}[0-9]*)?(?:[eE][+-]?[0-9]+)?".encode()
    )


def why_no_date(raw: bytes, rules: DateRules) -> str:
    """Why a text is no date by the rules, with what was likely meant."""
    if wall_time_is_missing(raw, rules):
        return f"'{excerpt(raw, _SHOWN)}' does not exist in {rules.timezone}, where the clocks were put forward over it"
    guess = _meant(raw, rules)
    return not_a_date(raw, rules) + (f" of a plausible time; {guess} is likely meant" if guess else "")


def not_a_date(raw: bytes, rules: DateRules) -> str:
    """That a text is no date by the rules."""
    return f"'{excerpt(raw, _SHOWN)}' is not {' or '.join(rules.formats)}"


def _meant(raw: bytes, rules: DateRules) -> str | None:
    cells = Cells.of([raw])
    for name in rules.formats:
        if name in ORDERS and DATE_FORMATS[ORDERS[name]](cells)[1].any():
            return ORDERS[name]
    if "YYYYMMDD" not in rules.formats and DATE_FORMATS["YYYYMMDD"](cells)[1].any():
        return "YYYYMMDD"
    unit = likely(raw)
    return _IN_WORDS[unit] if unit is not None and unit not in rules.formats else None


_IN_WORDS = {
    "UNIX": "UNIX (seconds)",
    "UNIX-MS": "UNIX-MS (milliseconds)",
    "UNIX-US": "UNIX-US (microseconds)",
    "UNIX-NS": "UNIX-NS (nanoseconds)",
    "EXCEL": "EXCEL (its day numbers)",
}


def _refuse_dateless(piece: Piece, cells: Cells, rules: DateRules, what: str) -> None:
    """Refuse a file of whose beginning no row has a date, where another format is likely meant."""
    if not len(cells) or instants(cells, rules).good.any():
        return
    guess = _meant(cells.raw(0), rules)
    if guess is not None:
        _refuse(
            what,
            f"no date is {' or '.join(rules.formats)} of a plausible time: "
            f"{Seen.at(piece, cells, 0)}; {guess} is likely meant",
        )


def _first(piece: Piece, cells: Cells, which: BoolArray) -> Seen | None:
    rows = np.flatnonzero(which)
    return Seen.at(piece, cells, int(rows[0])) if len(rows) else None


def _refuse(what: str, why: str) -> NoReturn:
    raise ProviderFormatError(f"{what}: {why}", what=what)
