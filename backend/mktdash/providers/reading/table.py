"""Parses delimited market data by a layout: the date column, the columns of each series, the texts for "no value".

The ECB, the Treasury, FRED, Cboe and any file with a mapping differ in their layouts only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

import numpy as np

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.identifiers import symbol_fault
from mktdash.domain.observation import BAR_FIELDS, Columns, Float64Array, Int64Array
from mktdash.providers.account import Account
from mktdash.providers.base import Parsed, ParsedSeries, Rejection
from mktdash.providers.excerpt import excerpt
from mktdash.providers.reading.conventions import (
    bad_date,
    explain_bad_date,
    refuse_two_decimal_marks,
    resolve_day_order,
)
from mktdash.providers.reading.dates import DateRules, Instants, instants
from mktdash.providers.reading.delimited import Dialect, FilePart, read_parts
from mktdash.providers.reading.numerals import PLAIN, BoolArray, Cells, Notation, to_floats
from mktdash.providers.reading.repeated_hours import RepeatedHourResolver
from mktdash.providers.reading.symbol_groups import group_rows

# In a file where most rows are wrong, so many rejections explain the date, and so many carry the row itself.
_EXPLAINED = 1000
_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class BarColumns:
    """The columns of one series; ``value`` alone where it is no bar."""

    value: str
    open: str | None = None
    high: str | None = None
    low: str | None = None
    volume: str | None = None

    def named(self) -> dict[str, str]:
        """Field to column, for those there are."""
        every = {field: getattr(self, field) for field in ("value", *BAR_FIELDS)}
        return {field: column for field, column in every.items() if column is not None}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a delimited file is to be read.

    Attributes:
        what: the file's name in error sentences.
        date: the date column; several names where the source has changed it.
        series: the columns of each series, by the source's symbol; under ``""`` where ``symbol_column`` has it.
        dates: how the dates are written.
        dialect: how the file is laid out.
        notation: how the numbers are written.
        interval_s: how far apart the points are, seconds.
        required: columns without which it is not this source's file.
        later: columns that older files of the source lack, so that their absence says nothing.
        closed: report any column that is not in the layout; else ignore it.
        missing: texts that mean "no observation", and are not an error.
    """

    what: str
    date: tuple[str, ...]
    series: Mapping[str, BarColumns]
    dates: DateRules
    dialect: Dialect = Dialect()  # noqa: RUF009 - it is frozen
    notation: Notation = PLAIN
    interval_s: int = 86_400
    symbol_column: str | None = None
    required: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    closed: bool = True
    missing: Sequence[str] = ("",)


def read_table(opened: Callable[[], BinaryIO], layout: Layout) -> Iterator[Parsed]:
    """Parse a file by its layout, part by part, after resolving what its columns leave open.

    Args:
        opened: opens the file from its beginning.
        layout: how it is to be read.

    Raises:
        ProviderFormatError: it is not such a file: a web page, empty, binary, without its required columns, or with a
            column that can be read in two ways.
    """
    layout = _settled(opened, layout)
    parser: _TableParser | None = None
    with opened() as stream:
        for part in read_parts(stream, layout.what, dialect=layout.dialect):
            notes: list[Rejection] = []
            if parser is None:
                parser = _TableParser(layout, part)
                notes.extend(parser.notes())
            yield parser.parse(part, notes)


def _settled(opened: Callable[[], BinaryIO], layout: Layout) -> Layout:
    """The layout with its date order resolved."""

    def parts(worth: Callable[[bytes], bool] | None = None) -> Iterator[FilePart]:
        with opened() as stream:
            yield from read_parts(stream, layout.what, dialect=layout.dialect, worth=worth)

    def numbers(header: tuple[str, ...]) -> list[int]:
        return sorted({at for *_, at in _Header(layout, header).fields})

    if not layout.closed:
        refuse_two_decimal_marks(parts, layout.notation, numbers, layout.what, layout.dialect.delimiter)
    rules = resolve_day_order(parts, layout.dates, lambda header: _Header(layout, header).date, layout.what)
    return replace(layout, dates=rules)


class _Header:
    """The positions of a layout's columns in a file."""

    def __init__(self, layout: Layout, header: tuple[str, ...]) -> None:
        dates = [name for name in layout.date if name in header]
        symbol = () if layout.symbol_column is None else (layout.symbol_column,)
        missing = sorted({*layout.required, *symbol} - set(header))
        if not dates or missing:
            missing = missing if dates else [layout.date[0], *missing]
            raise ProviderFormatError(
                f"{layout.what}: missing columns: {', '.join(missing)}",
                missing=missing,
                header=list(header)[:100],
            )
        wanted = [
            (alias, field, column)
            for alias, bar in layout.series.items()
            for field, column in bar.named().items()
            if column in header and bar.value in header
        ]
        named = {dates[0], *symbol, *(column for *_, column in wanted)}
        if twice := sorted(name for name in named if header.count(name) > 1):
            raise ProviderFormatError(
                f"{layout.what}: ambiguous: several columns are called {', '.join(twice)}",
                twice=twice,
                header=list(header)[:100],
            )
        self.date = header.index(dates[0])
        self.symbol = header.index(symbol[0]) if symbol else None
        self.fields = [(alias, field, header.index(column)) for alias, field, column in wanted]


class _TableParser:
    """A layout bound to the header of one file; it goes through the parts in order."""

    def __init__(self, layout: Layout, first: FilePart) -> None:
        self._layout = layout
        self._header = first.header
        self._at = _Header(layout, first.header)
        self._aliases = list(dict.fromkeys(alias for alias, *_ in self._at.fields))
        as_of = instants(first.column(self._at.date).stripped(), layout.dates)
        steps = np.sign(np.diff(as_of.as_of[as_of.good]))
        self._explained = self._refused = 0
        self._folds = RepeatedHourResolver(layout.interval_s, newest_first=bool(steps.sum() < 0))

    def notes(self) -> Iterator[Rejection]:
        """The columns that are new or missing."""
        if not self._layout.closed:
            return
        raw = self._layout.dialect.delimiter.join(self._header)
        aliases = {column: alias for alias, bar in self._layout.series.items() for column in bar.named().values()}
        known = {self._header[self._at.date], *aliases, ""}
        for name in (name for name in self._header if name not in known):
            yield Rejection("COLUMN_UNKNOWN", name, "a column that this version of mktdash does not know", raw, 1)
        for name, alias in aliases.items():
            if name not in self._header and name not in self._layout.later:
                yield Rejection("COLUMN_MISSING", name, "the column is missing", raw, 1, alias)

    def parse(self, part: FilePart, notes: Sequence[Rejection]) -> Parsed:
        """Parse one part."""
        rules = self._layout.dates
        dates = part.column(self._at.date).stripped()
        when = instants(dates, rules)
        refused = [
            self._rejection("BAD_DATE", self._at.date, self._why_no_date(dates.raw(row)), part, row)
            for row in np.flatnonzero(~when.good).tolist()
        ]
        groups: Mapping[str, Int64Array]
        if self._at.symbol is None:
            groups = dict.fromkeys(self._aliases, np.flatnonzero(when.good))
        else:
            groups, nameless = self._grouped(part, when.good)
            refused.extend(nameless)
        records = sum(len(rows) for rows in groups.values())
        account = Account(self._layout.what, len(part.malformed) + len(refused) + records)
        account.note(notes)
        account.refuse([*part.malformed, *refused])
        cells = part.block([column for *_, column in self._at.fields]).stripped()
        values, numeric = to_floats(cells, self._layout.notation)
        shape = (len(part), len(self._at.fields))
        none = ~numeric & _any_of(cells, self._layout.missing)
        page = _Page(part, when, cells, values.reshape(shape), numeric.reshape(shape), none.reshape(shape))
        for alias, rows in groups.items():
            self._one(account, alias, rows, page)
        return account.parsed()

    def _grouped(self, part: FilePart, dated: BoolArray) -> tuple[dict[str, Int64Array], list[Rejection]]:
        """The dated rows of each symbol; refuses those whose symbol can be none."""
        at = self._at.symbol or 0
        cells = part.column(at).stripped()
        groups, nameless = group_rows(cells)
        refused = [
            self._rejection(
                "NO_SYMBOL", at, "the symbol is too long" if cells.raw(row) else "the row has no symbol", part, row
            )
            for row in nameless[dated[nameless]].tolist()
        ]
        named: dict[str, Int64Array] = {}
        for symbol, every in groups.items():
            rows = every[dated[every]]
            if not self._layout.closed and (fault := symbol_fault(symbol)):
                reject = partial(self._rejection, "BAD_SYMBOL", at, fault, part)
                refused.extend(reject(row) for row in rows.tolist())
            elif len(rows):
                named[symbol] = rows
        return named, refused

    def _one(self, account: Account, alias: str, rows: Int64Array, page: "_Page") -> None:
        own = "" if self._at.symbol is not None else alias
        at = {field: index for index, (name, field, _) in enumerate(self._at.fields) if name == own}
        indexes = np.array(list(at.values()), np.int64)
        as_of = self._folds.resolve(alias, page.when.as_of[rows], page.when.fold[rows])
        left_out = page.none[rows, at["value"]]
        # A bar with a cell that can't be read is refused whole: half a bar is a wrong one. A cell that the source
        # leaves out is NaN in its column.
        bad = ~(page.numeric | page.none)[np.ix_(rows, indexes)] & ~left_out[:, None]
        faulty = bad.any(axis=1)
        whole = ~faulty & ~left_out
        kept = rows[whole]
        account.keep(
            ParsedSeries(
                alias=alias,
                columns=Columns(
                    as_of=as_of[whole],
                    value=page.values[kept, at["value"]],
                    flags=np.zeros(len(kept), np.int64),
                    **{field: page.values[kept, index] for field, index in at.items() if field != "value"},
                ),
                absent=as_of[left_out] if left_out.any() else None,
                lines=page.part.lines[kept],
            )
        )
        for index in np.flatnonzero(faulty).tolist():
            row, place = int(rows[index]), int(indexes[bad[index].argmax()])
            raw = page.cells.raw(row * len(self._at.fields) + place)
            reason = f"'{excerpt(raw, 60)}' is not a number" if raw else "the cell is empty"
            column, instant = self._at.fields[place][2], int(as_of[index])
            reject = partial(self._rejection, "NOT_A_NUMBER", column, reason, page.part, row)
            account.refuse([reject(alias=alias, as_of=instant)])

    def _why_no_date(self, raw: bytes) -> str:
        # Finding the likely format takes a while, and says nothing new after so many.
        self._explained += 1
        return (
            explain_bad_date(raw, self._layout.dates)
            if self._explained <= _EXPLAINED
            else bad_date(raw, self._layout.dates)
        )

    def _rejection(
        self,
        code: str,
        column: int,
        reason: str,
        part: FilePart,
        row: int,
        *,
        alias: str | None = None,
        as_of: int | None = None,
    ) -> Rejection:
        self._refused += 1
        raw = part.raw(row) if self._refused <= _SHOWN else ""
        return Rejection(code, self._header[column], reason, raw, int(part.lines[row]), alias, as_of)


@dataclass(frozen=True, slots=True)
class _Page:
    """A part, its dates, and the cells of all its number columns row by row: the arrays have shape (rows, columns)."""

    part: FilePart
    when: Instants
    cells: Cells
    values: Float64Array
    numeric: BoolArray
    none: BoolArray


def _any_of(cells: Cells, texts: Sequence[str]) -> BoolArray:
    found = np.zeros(len(cells), np.bool_)
    for text in texts:
        found |= cells.equal(text.encode())
    return found
