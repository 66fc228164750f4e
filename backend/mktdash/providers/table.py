"""Reads delimited market data by a layout: which column is the date, which columns make a series, what means "none".

The ECB, the Treasury, FRED, Cboe and any file with a mapping differ in their layouts only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import BAR_FIELDS, Columns, Float64Array, Int64Array
from mktdash.providers.base import Parsed, ParsedSeries, Rejection
from mktdash.providers.dates import instants
from mktdash.providers.delimited import Piece, read_pieces
from mktdash.providers.grouping import group_rows
from mktdash.providers.numerals import BoolArray, Cells, to_floats


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
        required: columns without which it is not this source's file.
        later: columns that older files of the source lack, so that their absence says nothing.
        closed: any column not in the layout is worth a note; else it is none of our business.
        missing: texts that mean "no observation", and are not an error.
    """

    what: str
    date: tuple[str, ...]
    series: Mapping[str, BarColumns]
    timezone: str
    fixing_time: str
    date_formats: Sequence[str] = ("YYYY-MM-DD",)
    symbol_column: str | None = None
    required: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    closed: bool = True
    missing: Sequence[str] = ("",)
    decimal: str = "."
    thousands: str = ""
    delimiter: str = ","


def read_table(stream: BinaryIO, layout: Layout) -> Iterator[Parsed]:
    """Read a file by its layout, piece by piece.

    Raises:
        ProviderFormatError: it is not such a file: a web page, empty, binary, or without its required columns.
    """
    reader: _Reader | None = None
    for piece in read_pieces(stream, layout.what, delimiter=layout.delimiter):
        notes: list[Rejection] = []
        if reader is None:
            reader = _Reader(layout, piece.header)
            notes.extend(reader.notes())
        yield reader.read(piece, notes)


class _Reader:
    """A layout bound to the header of one file."""

    def __init__(self, layout: Layout, header: tuple[str, ...]) -> None:
        self._layout = layout
        self._header = header
        self._at = {name: index for index, name in reversed(list(enumerate(header)))}
        dates = [name for name in layout.date if name in self._at]
        wanted = layout.required | ({layout.symbol_column} if layout.symbol_column else set())
        missing = sorted(wanted - self._at.keys())
        if not dates or missing:
            missing = missing if dates else [layout.date[0], *missing]
            raise ProviderFormatError(
                f"{layout.what}: the columns are not the expected ones; missing {', '.join(missing)}",
                missing=missing,
                header=list(header)[:100],
            )
        self._date = dates[0]
        self._date_at = self._at[dates[0]]
        self._fields = [
            (alias, field, self._at[column])
            for alias, bar in layout.series.items()
            for field, column in bar.named().items()
            if column in self._at and bar.value in self._at
        ]

    def notes(self) -> Iterator[Rejection]:
        """What is new or lost among the columns."""
        if not self._layout.closed:
            return
        raw = self._layout.delimiter.join(self._header)[:500]
        aliases = {column: alias for alias, bar in self._layout.series.items() for column in bar.named().values()}
        known = {self._date, *aliases, ""}
        for name in (name for name in self._header if name not in known):
            yield Rejection("COLUMN_UNKNOWN", name, "the source had no such column when this was written", raw, 1)
        for name, alias in aliases.items():
            if name not in self._at and name not in self._layout.later:
                yield Rejection("COLUMN_MISSING", name, "a column that the source used to have is gone", raw, 1, alias)

    def read(self, piece: Piece, notes: list[Rejection]) -> Parsed:
        """Read one piece."""
        rejected = [*notes, *piece.malformed]
        dates = piece.column(self._date_at).stripped()
        as_of, dated = instants(dates, self._layout.date_formats, self._layout.timezone, self._layout.fixing_time)
        wanted = " or ".join(self._layout.date_formats)
        rejected.extend(
            self._rejection("BAD_DATE", self._date, f"{dates.text(row)!r} is not {wanted}", piece, row)
            for row in np.flatnonzero(~dated).tolist()
        )
        shape = (len(piece), len(self._fields))
        cells = piece.block([column for *_, column in self._fields]).stripped()
        flat_values, flat_numeric = to_floats(cells, decimal=self._layout.decimal, thousands=self._layout.thousands)
        values, numeric = flat_values.reshape(shape), flat_numeric.reshape(shape)
        none = ~numeric & _any_of(cells, self._layout.missing).reshape(shape)
        rejected.extend(self._bad_cells(piece, cells, dated[:, None] & ~numeric & ~none, as_of))
        groups: Mapping[str, Int64Array | None]
        if self._layout.symbol_column is None:
            groups = dict.fromkeys(alias for alias, *_ in self._fields)
        else:
            groups, nameless = group_rows(piece.column(self._at[self._layout.symbol_column]).stripped())
            rejected.extend(
                self._rejection("NO_SYMBOL", self._layout.symbol_column, "the row names no symbol", piece, row)
                for row in nameless.tolist()
            )
        series = [
            self._one(
                alias,
                rows,
                piece=piece,
                as_of=as_of,
                values=values,
                usable=dated[:, None] & numeric,
                none=dated[:, None] & none,
            )
            for alias, rows in groups.items()
        ]
        return Parsed([one for one in series if len(one.columns) or one.absent is not None], rejected)

    def _one(
        self,
        alias: str,
        rows: Int64Array | None,
        *,
        piece: Piece,
        as_of: Int64Array,
        values: Float64Array,
        usable: BoolArray,
        none: BoolArray,
    ) -> ParsedSeries:
        own = "" if self._layout.symbol_column else alias
        at = {field: index for index, (name, field, _) in enumerate(self._fields) if name == own}
        every = np.arange(len(piece)) if rows is None else rows
        # A bar with a cell that can't be read is rejected whole: half a bar is a wrong one. A cell that the source
        # leaves out is NaN in its column.
        whole = usable[every, at["value"]]
        for index in at.values():
            whole = whole & (usable[every, index] | none[every, index])
        kept = every[whole]
        left_out = every[none[every, at["value"]]]
        return ParsedSeries(
            alias=alias,
            columns=Columns(
                as_of=as_of[kept],
                value=values[kept, at["value"]],
                flags=np.zeros(len(kept), np.int64),
                **{field: values[kept, index] for field, index in at.items() if field != "value"},
            ),
            absent=as_of[left_out] if len(left_out) else None,
            lines=piece.lines[kept],
        )

    def _bad_cells(self, piece: Piece, cells: Cells, bad: BoolArray, as_of: Int64Array) -> Iterator[Rejection]:
        for row, index in np.argwhere(bad).tolist():
            text = cells.text(row * len(self._fields) + index)
            alias, _, column = self._fields[index]
            reason = f"{text!r} is not a number" if text else "the cell is empty"
            if self._layout.symbol_column is not None:
                alias = piece.column(self._at[self._layout.symbol_column]).stripped().text(row)
            yield self._rejection(
                "NOT_A_NUMBER", self._header[column], reason, piece, row, alias=alias, as_of=int(as_of[row])
            )

    @staticmethod
    def _rejection(
        code: str,
        column: str,
        reason: str,
        piece: Piece,
        row: int,
        *,
        alias: str | None = None,
        as_of: int | None = None,
    ) -> Rejection:
        return Rejection(code, column, reason[:200], piece.raw(row), int(piece.lines[row]), alias, as_of)


def _any_of(cells: Cells, texts: Sequence[str]) -> BoolArray:
    found = np.zeros(len(cells), np.bool_)
    for text in texts:
        found |= cells.equal(text.encode())
    return found
