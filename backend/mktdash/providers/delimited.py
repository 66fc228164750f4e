"""Delimited text as columns of cells, in pieces of bounded size: no file is held whole, no row becomes an object.

A row with another number of fields than the header (half-written, or two run together) is set apart with its line.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import BinaryIO

import numpy as np

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Int64Array
from mktdash.providers.base import Rejection
from mktdash.providers.numerals import ByteArray, Cells

RAW_LIMIT = 500
_PIECE_BYTES = 1024 * 1024
_PIECE_ROWS = 200_000
# A line longer than this is no row of any market data file; it is a binary file, or one without line ends.
_LINE_LIMIT = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_QUOTE = ord('"')
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")


def looks_like_html(head: bytes) -> bool:
    """Whether the first bytes of an answer begin a web page."""
    start = head[:1024].removeprefix(_BOM).lstrip().lower()
    return start.startswith(_HTML_STARTS) or (start.startswith(b"<!--") and b"<html" in start)


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a delimited file.

    Attributes:
        header: the names of the columns, as the file gives them.
        start, end: where each cell lies in the buffer, shape (rows, columns).
        lines: the 1-based line of each row.
        malformed: rows that do not fit the header.
    """

    header: tuple[str, ...]
    buffer: ByteArray
    start: Int64Array
    end: Int64Array
    lines: Int64Array
    malformed: Sequence[Rejection] = ()
    raws: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, index: int) -> Cells:
        """The cells of one column."""
        return Cells(self.buffer, self.start[:, index], self.end[:, index])

    def block(self, indexes: Sequence[int]) -> Cells:
        """The cells of several columns, row by row."""
        return Cells(self.buffer, self.start[:, indexes].ravel(), self.end[:, indexes].ravel())

    def raw(self, row: int) -> str:
        """One row's own text, cut at 500 characters."""
        text = self.raws.get(row)
        if text is None:
            text = self.buffer[self.start[row, 0] : self.end[row, -1]].tobytes().decode("utf-8", "replace")
        return text[:RAW_LIMIT]


def read_pieces(
    stream: BinaryIO, what: str, *, delimiter: str = ",", piece_bytes: int = _PIECE_BYTES
) -> Iterator[Piece]:
    """Read a delimited file with a header line, piece by piece; a file with a header alone gives one empty piece.

    Args:
        stream: the bytes; not closed here.
        what: what the file should be, for the error's sentence.
        delimiter: the one character between fields.
        piece_bytes: about how much to hold at a time.

    Raises:
        ProviderFormatError: it is a web page, empty, binary, or has no header line.
    """
    rest = stream.read(piece_bytes)
    while b"\n" not in rest and len(rest) <= _LINE_LIMIT and (more := stream.read(piece_bytes)):
        rest += more
    _refuse_foreign(rest, what)
    header_text, newline, rest = rest.removeprefix(_BOM).partition(b"\n")
    if not newline and len(header_text) > _LINE_LIMIT:
        raise ProviderFormatError(f"{what}: the answer has no lines", what=what, head=_shown(header_text))
    header = tuple(name.strip() for name in _split(header_text, delimiter))
    line, yielded = 2, False
    while True:
        more = stream.read(piece_bytes)
        block, rest = _cut(rest, last=not more)
        if block:
            for piece in _pieces(block, header, line, delimiter):
                yielded = True
                yield piece
            line += block.count(b"\n")
        if not more:
            break
        rest += more
        if len(rest) > piece_bytes + _LINE_LIMIT and b"\n" not in rest:
            raise ProviderFormatError(f"{what}: line {line} has no end", what=what, line=line)
    if not yielded:
        empty = np.empty((0, len(header)), np.int64)
        yield Piece(header, np.empty(0, np.uint8), empty, empty, np.empty(0, np.int64))


def _refuse_foreign(head: bytes, what: str) -> None:
    if not head.strip():
        raise ProviderFormatError(f"{what}: the answer is empty", what=what, size=len(head))
    if looks_like_html(head):
        raise ProviderFormatError(f"{what}: the answer is a web page, not data", what=what, head=_shown(head))
    if b"\x00" in head[:4096]:
        raise ProviderFormatError(f"{what}: the answer is binary, not text", what=what, size=len(head))


def _cut(data: bytes, *, last: bool) -> tuple[bytes, bytes]:
    """Whole lines, and the begun line after them; a line break inside quotes ends no line."""
    if last:
        return data, b""
    end = data.rfind(b"\n") + 1
    while end and data.count(b'"', 0, end) % 2:
        end = data.rfind(b"\n", 0, end - 1) + 1
    return data[:end], data[end:]


def _pieces(block: bytes, header: tuple[str, ...], line: int, delimiter: str) -> Iterator[Piece]:
    if b'"' in block:
        yield _quoted(block, header, line, delimiter)
        return
    buffer = np.frombuffer(block, np.uint8)
    breaks = np.flatnonzero(buffer == ord("\n"))
    if not block.endswith(b"\n"):
        breaks = np.append(breaks, len(buffer))
    for first in range(0, len(breaks), _PIECE_ROWS):
        ends = breaks[first : first + _PIECE_ROWS]
        begin = int(breaks[first - 1]) + 1 if first else 0
        yield _plain(buffer, begin, ends, header, line=line + first, delimiter=delimiter)


def _plain(
    buffer: ByteArray, begin: int, breaks: Int64Array, header: tuple[str, ...], *, line: int, delimiter: str
) -> Piece:
    starts = np.concatenate(([begin], breaks[:-1] + 1))
    ends = breaks - ((breaks > starts) & (buffer[np.maximum(breaks - 1, 0)] == ord("\r")))
    lines = np.arange(line, line + len(breaks), dtype=np.int64)
    commas = np.flatnonzero(buffer[begin : int(breaks[-1])] == ord(delimiter)) + begin
    before = np.searchsorted(commas, starts)
    fields = np.searchsorted(commas, ends) - before
    fits = fields == len(header) - 1
    malformed = [
        misfit(int(lines[row]), buffer[starts[row] : ends[row]].tobytes(), int(fields[row]) + 1, len(header))
        for row in np.flatnonzero(~fits & (ends > starts)).tolist()
    ]
    if len(header) == 1:
        fits &= ends > starts
    at = commas[before[fits][:, None] + np.arange(len(header) - 1)]
    return Piece(
        header=header,
        buffer=buffer,
        start=np.hstack((starts[fits][:, None], at + 1)),
        end=np.hstack((at, ends[fits][:, None])),
        lines=lines[fits],
        malformed=malformed,
    )


def _quoted(block: bytes, header: tuple[str, ...], line: int, delimiter: str) -> Piece:
    text = block.decode("utf-8", "replace")
    rows: list[list[str]] = []
    lines: list[int] = []
    malformed: list[Rejection] = []
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=False)
    before = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            malformed.append(Rejection("MALFORMED_ROW", "", f"the row cannot be read: {error}", "", line + before))
            break
        if row is None:
            break
        if row and len(row) != len(header):
            malformed.append(misfit(line + before, delimiter.join(row).encode(), len(row), len(header)))
        elif row:
            rows.append(row)
            lines.append(line + before)
        before = reader.line_num
    cells = Cells.of([cell.encode() for row in rows for cell in row])
    shape = (len(rows), len(header))
    return Piece(
        header=header,
        buffer=cells.buffer,
        start=cells.start.reshape(shape),
        end=cells.end.reshape(shape),
        lines=np.array(lines, np.int64),
        malformed=malformed,
        raws={index: delimiter.join(row) for index, row in enumerate(rows)},
    )


def misfit(line: int, raw: bytes, fields: int, expected: int) -> Rejection:
    """A row with another number of fields than the header."""
    half = "half-written" if fields < expected else "too long"
    text = raw.decode("utf-8", "replace")[:RAW_LIMIT]
    return Rejection(
        "MALFORMED_ROW", "", f"the row is {half}: {fields} fields where the header has {expected}", text, line
    )


def _split(line: bytes, delimiter: str) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "replace").rstrip("\r")], delimiter=delimiter), [])


def _shown(head: bytes) -> str:
    return " ".join(head[:200].decode("utf-8", "replace").split())
