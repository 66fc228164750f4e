"""Finds out how a file writes decimals and dates, before any of it is parsed.

``1.234`` may be one or a thousand, ``03/04/2024`` may be in March or in April: other rows of the column decide. Where
they contradict each other or the mapping, or leave it open, the file is refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Int64Array
from mktdash.providers.excerpt import excerpt
from mktdash.providers.reading.dates import DATE_FORMATS, ORDERS, DateRules, instants, wall_time_is_missing
from mktdash.providers.reading.delimited import FilePart
from mktdash.providers.reading.numerals import BoolArray, Cells, Notation
from mktdash.providers.reading.numeric_instants import likely_unit

_MARKS = {".": ",", ",": "."}
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class ExampleCell:
    """A cell that shows how its column is written, for the error's sentence."""

    text: str
    line: int

    def __str__(self) -> str:
        return f"'{self.text}' (line {self.line})"

    @classmethod
    def at(cls, part: FilePart, cells: Cells, row: int) -> "ExampleCell":
        """The cell of a row."""
        return cls(excerpt(cells.raw(row), _SHOWN), int(part.lines[row]))


def resolve_day_order(
    parts: Callable[[], Iterator[FilePart]], rules: DateRules, find: Callable[[tuple[str, ...]], int], what: str
) -> DateRules:
    """The date rules with one order of day and month.

    Args:
        parts: the file, from its beginning.
        rules: with both orders where the mapping leaves it open.
        find: where in a header the date stands.
        what: the file, for the error's sentence.

    Raises:
        ProviderFormatError: the rows contradict each other or the mapping, or fit both orders; or no row has a date.
    """
    ordered = [name for name in rules.formats if name in ORDERS]
    if not ordered:
        for part in parts():
            _refuse_dateless(part, part.column(find(part.header)).stripped(), rules, what)
            break
        return rules
    one = ordered[0]
    other = ORDERS[one]
    fits_one: ExampleCell | None = None
    fits_other: ExampleCell | None = None
    fits_both: ExampleCell | None = None
    for number, part in enumerate(parts()):
        cells = part.column(find(part.header)).stripped()
        if not number:
            _refuse_dateless(part, cells, rules, what)
        (first, first_good), (second, second_good) = DATE_FORMATS[one](cells), DATE_FORMATS[other](cells)
        fits_one = fits_one or _first(part, cells, first_good & ~second_good)
        fits_other = fits_other or _first(part, cells, second_good & ~first_good)
        fits_both = fits_both or _first(part, cells, first_good & second_good & (first != second))
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


def refuse_two_decimal_marks(
    parts: Callable[[Callable[[bytes], bool]], Iterator[FilePart]],
    notation: Notation,
    find: Callable[[tuple[str, ...]], Iterable[int]],
    what: str,
    delimiter: str,
) -> None:
    """Refuse a file with a column whose numbers have two decimal marks.

    Args:
        parts: the file from its beginning, without the lines that a function rules out.
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
    against: dict[int, ExampleCell] = {}
    for part in parts(wanted):
        marks.look(part, set(find(part.header)) - against.keys(), "other", against)
    if not against:
        return
    only_own: dict[int, ExampleCell] = {}
    both: dict[int, ExampleCell] = {}
    for part in parts(lambda _: True):
        marks.look(part, against.keys() - only_own.keys(), "own", only_own)
        marks.look(part, against.keys() - both.keys(), "both", both)
    for column, seen in against.items():
        # Where the mapping says what the other mark is for and a cell proves it, the cell that does not fit is wrong.
        if (beside := both.get(column) or only_own.get(column)) and not (notation.thousands and column in only_own):
            _refuse(what, f"the numbers have two decimal marks: {beside} beside {seen}")


class _Marks:
    """Finds cells that only one decimal mark fits, and cells that both fit with different values."""

    def __init__(self, notation: Notation, other: str) -> None:
        self._own, self._other = _numeral(notation.decimal, other), _numeral(other, notation.decimal)
        self._bytes = (ord(notation.decimal), ord(other))
        self._suffixes = tuple(suffix.encode() for suffix in notation.suffixes)

    def look(self, part: FilePart, columns: Iterable[int], kind: str, seen: dict[int, ExampleCell]) -> None:
        """Note the first cell of each column that only the own mark fits, only the other, or both."""
        for column in columns:
            if found := self._first(part, column, kind):
                seen[column] = found

    def _first(self, part: FilePart, column: int, kind: str) -> ExampleCell | None:
        cells = part.column(column).stripped()
        # Only cells with a mark say anything; the other mark alone fits those that have it, or the own one twice.
        own_marks, other_marks = (self._count(cells, byte) for byte in self._bytes)
        worth = (other_marks > 0) | (own_marks > (1 if kind == "other" else 0))
        for row in np.flatnonzero(worth).tolist():
            raw = cells.raw(row)
            for suffix in self._suffixes:
                raw = raw.removesuffix(suffix)
            own, other = bool(self._own.fullmatch(raw)), bool(self._other.fullmatch(raw))
            if (own or other) and kind == ("both" if own and other else "own" if own else "other"):
                return ExampleCell.at(part, cells, row)
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


def explain_bad_date(raw: bytes, rules: DateRules) -> str:
    """Why a text is not a date by the rules, with the format that is likely meant."""
    if wall_time_is_missing(raw, rules):
        return f"'{excerpt(raw, _SHOWN)}' does not exist in {rules.timezone}, where the clocks were put forward over it"
    guess = _likely_format(raw, rules)
    return bad_date(raw, rules) + (f" of a plausible time; {guess} is likely meant" if guess else "")


def bad_date(raw: bytes, rules: DateRules) -> str:
    """The sentence that a text is not a date by the rules."""
    return f"'{excerpt(raw, _SHOWN)}' is not {' or '.join(rules.formats)}"


def _likely_format(raw: bytes, rules: DateRules) -> str | None:
    cells = Cells.of([raw])
    for name in rules.formats:
        if name in ORDERS and DATE_FORMATS[ORDERS[name]](cells)[1].any():
            return ORDERS[name]
    if "YYYYMMDD" not in rules.formats and DATE_FORMATS["YYYYMMDD"](cells)[1].any():
        return "YYYYMMDD"
    unit = likely_unit(raw)
    return _FORMAT_WORDS[unit] if unit is not None and unit not in rules.formats else None


_FORMAT_WORDS = {
    "UNIX": "UNIX (seconds)",
    "UNIX-MS": "UNIX-MS (milliseconds)",
    "UNIX-US": "UNIX-US (microseconds)",
    "UNIX-NS": "UNIX-NS (nanoseconds)",
    "EXCEL": "EXCEL (its day numbers)",
}


def _refuse_dateless(part: FilePart, cells: Cells, rules: DateRules, what: str) -> None:
    """Refuse a file whose first part has no date, where another format is likely meant."""
    if not len(cells) or instants(cells, rules).good.any():
        return
    guess = _likely_format(cells.raw(0), rules)
    if guess is not None:
        _refuse(
            what,
            f"no date is {' or '.join(rules.formats)} of a plausible time: "
            f"{ExampleCell.at(part, cells, 0)}; {guess} is likely meant",
        )


def _first(part: FilePart, cells: Cells, which: BoolArray) -> ExampleCell | None:
    rows = np.flatnonzero(which)
    return ExampleCell.at(part, cells, int(rows[0])) if len(rows) else None


def _refuse(what: str, why: str) -> NoReturn:
    raise ProviderFormatError(f"{what}: {why}", what=what)
