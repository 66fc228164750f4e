"""Reads delimited text as columns of cells, in parts of bounded size: no file is in memory at once, no row an object.

A row with another number of fields than the header is refused with its line; empty fields after the last one don't
count. A row of nothing but delimiters is an empty line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Int64Array
from mktdash.providers.base import Rejection
from mktdash.providers.excerpt import excerpt
from mktdash.providers.reading.numerals import ByteArray, Cells
from mktdash.providers.reading.quoting import header_names, quote_rejection, quoted_rows
from mktdash.providers.reading.text import TextStream

_PART_BYTES = 1024 * 1024
_PART_ROWS = 200_000
# A line longer than this is no row of any market data file; it is a binary file, or one without line ends.
_LINE_LIMIT = 1024 * 1024
# A header is looked for in this much of a file.
_PREAMBLE_BYTES = 64 * 1024
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")


def looks_like_html(head: bytes) -> bool:
    """Whether the first bytes of an answer begin a web page."""
    start = head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith(_HTML_STARTS) or (start.startswith(b"<!--") and b"<html" in start)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited file is laid out.

    Attributes:
        delimiter: the one character between fields.
        encoding: how the text is written; None takes bytes that are no UTF-8 as they are.
        skip_lines: lines before the header.
        header_with: the header is the first line with these names; empty where it is the first line.
    """

    delimiter: str = ","
    encoding: str | None = None
    skip_lines: int = 0
    header_with: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FilePart:
    """Rows of a delimited file.

    Attributes:
        header: the names of the columns, as the file gives them.
        start, end: where each cell lies in the buffer, shape (rows, columns).
        lines: the 1-based line of each row.
        malformed: rows that do not fit the header.
        raws: each row's own bytes, where the buffer has only its cells.
    """

    header: tuple[str, ...]
    buffer: ByteArray
    start: Int64Array
    end: Int64Array
    lines: Int64Array
    malformed: Sequence[Rejection] = ()
    raws: Sequence[bytes] | None = None

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, index: int) -> Cells:
        """The cells of one column."""
        return Cells(self.buffer, self.start[:, index], self.end[:, index])

    def block(self, indexes: Sequence[int]) -> Cells:
        """The cells of several columns, row by row."""
        return Cells(self.buffer, self.start[:, indexes].ravel(), self.end[:, indexes].ravel())

    def raw(self, row: int) -> str:
        """One row's own text, shortened."""
        if self.raws is not None:
            return excerpt(self.raws[row])
        return excerpt(self.buffer[self.start[row, 0] : self.end[row, -1]].tobytes())


def read_parts(
    stream: BinaryIO,
    what: str,
    *,
    dialect: Dialect = Dialect(),
    part_bytes: int = _PART_BYTES,
    worth: Callable[[bytes], bool] | None = None,
) -> Iterator[FilePart]:
    """Read a delimited file with a header line, part by part; a file with a header alone gives one empty part.

    Args:
        stream: the bytes; not closed here.
        what: what the file should be, for the error's sentence.
        dialect: how the file is laid out.
        part_bytes: about how much to hold at a time.
        worth: whether to cut a block of lines into cells; other blocks are skipped.

    Raises:
        ProviderFormatError: it is a web page, empty, binary, or has no header line.
    """
    text = TextStream(stream, what, dialect.encoding)
    header, line, rest = _header(text, what, dialect, part_bytes)
    yielded = False
    while True:
        more = text.read(part_bytes)
        data = rest + more
        end = len(data) if not more else data.rfind(b"\n") + 1
        block, rest = data[:end], data[end:]
        if block and b'"' in block and (worth is None or worth(block)):
            part, used = _quoted(block, header, line, dialect.delimiter, last=not more)
            block, rest = block[:used], block[used:] + rest
            yielded = True
            yield part
        elif block and (worth is None or worth(block)):
            for part in _plain_parts(block, header, line, dialect.delimiter):
                yielded = True
                yield part
        line += block.count(b"\n")
        if not more:
            break
        if len(rest) > part_bytes + _LINE_LIMIT and b"\n" not in rest:
            raise ProviderFormatError(
                f"{what}: line {line} is longer than 1 MiB: is this a text file?", what=what, line=line
            )
    if not yielded:
        empty = np.empty((0, len(header)), np.int64)
        yield FilePart(header, np.empty(0, np.uint8), empty, empty, np.empty(0, np.int64))


def _header(text: TextStream, what: str, dialect: Dialect, part_bytes: int) -> tuple[tuple[str, ...], int, bytes]:
    """The names of the columns, the line after them, and what has been read behind them."""
    rest = text.read(part_bytes)
    enough = _PREAMBLE_BYTES if dialect.skip_lines or dialect.header_with else 0
    while (b"\n" not in rest.lstrip(b"\n") or len(rest) < enough) and len(rest) <= _LINE_LIMIT:
        more = text.read(part_bytes)
        if not more:
            break
        rest += more
    _refuse_foreign(rest, what)
    line = 0
    while rest:
        candidate, newline, rest = rest.partition(b"\n")
        line += 1
        if not newline and len(candidate) > _LINE_LIMIT:
            raise ProviderFormatError(
                f"{what}: the first line is longer than 1 MiB: is this a text file?",
                what=what,
                head=excerpt(candidate, 200),
            )
        if line <= dialect.skip_lines or not candidate.strip():
            continue
        names = tuple(name.strip() for name in header_names(candidate, dialect.delimiter) or ())
        if names and dialect.header_with <= set(names):
            return names, line + 1, rest
        if not dialect.header_with:
            break
    wanted = f" with the columns {', '.join(sorted(dialect.header_with))}" if dialect.header_with else ""
    raise ProviderFormatError(f"{what}: there is no header line{wanted}", what=what, line=line)


def _refuse_foreign(head: bytes, what: str) -> None:
    if not head.strip():
        raise ProviderFormatError(f"{what}: the answer is empty", what=what, size=len(head))
    if looks_like_html(head):
        raise ProviderFormatError(f"{what}: the answer is a web page, not data", what=what, head=excerpt(head, 200))


def _plain_parts(block: bytes, header: tuple[str, ...], line: int, delimiter: str) -> Iterator[FilePart]:
    buffer = np.frombuffer(block, np.uint8)
    breaks = np.flatnonzero(buffer == ord("\n"))
    if not block.endswith(b"\n"):
        breaks = np.append(breaks, len(buffer))
    for first in range(0, len(breaks), _PART_ROWS):
        ends = breaks[first : first + _PART_ROWS]
        begin = int(breaks[first - 1]) + 1 if first else 0
        yield _plain(buffer, begin, ends, header, line=line + first, delimiter=delimiter)


def _plain(
    buffer: ByteArray, begin: int, ends: Int64Array, header: tuple[str, ...], *, line: int, delimiter: str
) -> FilePart:
    width = len(header)
    starts = np.concatenate(([begin], ends[:-1] + 1))
    lines = np.arange(line, line + len(ends), dtype=np.int64)
    marks = np.append(np.flatnonzero(buffer[begin : int(ends[-1])] == ord(delimiter)) + begin, ends[-1])
    before = np.searchsorted(marks, starts)
    count = np.searchsorted(marks[:-1], ends) - before
    # Fields behind the last one of the header: none, where nothing but delimiters is there. Where the header itself has
    # an empty name at its end, one more of them is a row that has slipped.
    surplus = count - (width - 1)
    behind = marks[np.minimum(before + width - 1, len(marks) - 1)]
    trailing = (surplus > 0) & (ends - behind == surplus) & bool(header[-1])
    filled = (ends > starts) & ((count == 0) | (ends - starts > count))
    fits = filled & ((surplus == 0) | trailing)
    malformed = [
        wrong_field_count(int(lines[row]), buffer[starts[row] : ends[row]].tobytes(), int(count[row]) + 1, width)
        for row in np.flatnonzero(~fits & filled).tolist()
    ]
    at = marks[before[fits][:, None] + np.arange(width - 1)]
    last = np.where(trailing[fits], behind[fits], ends[fits])
    return FilePart(
        header=header,
        buffer=buffer,
        start=np.hstack((starts[fits][:, None], at + 1)),
        end=np.hstack((at, last[:, None])),
        lines=lines[fits],
        malformed=malformed,
    )


def _quoted(block: bytes, header: tuple[str, ...], line: int, delimiter: str, *, last: bool) -> tuple[FilePart, int]:
    """The rows of some lines, and how many bytes they are: a row may go on in lines to come."""
    texts = block.removesuffix(b"\n").split(b"\n")
    width, used = len(header), 0
    cells: list[bytes] = []
    lines: list[int] = []
    raws: list[bytes] = []
    malformed: list[Rejection] = []
    for row in quoted_rows(texts, delimiter, width, last=last):
        used = row.line + row.lines
        if row.fault:
            malformed.append(quote_rejection(row, line + row.line))
        elif not any(row.cells):
            continue
        elif len(row.cells) == width or (len(row.cells) > width and header[-1] and not any(row.cells[width:])):
            cells.extend(row.cells[:width])
            lines.append(line + row.line)
            raws.append(row.raw)
        else:
            malformed.append(wrong_field_count(line + row.line, row.raw, len(row.cells), width))
    held = Cells.of(cells)
    shape = (len(lines), width)
    part = FilePart(
        header=header,
        buffer=held.buffer,
        start=held.start.reshape(shape),
        end=held.end.reshape(shape),
        lines=np.array(lines, np.int64),
        malformed=malformed,
        raws=raws,
    )
    return part, len(block) if last else sum(len(text) + 1 for text in texts[:used])


def wrong_field_count(line: int, raw: bytes, fields: int, expected: int) -> Rejection:
    """The rejection of a row with another number of fields than the header."""
    reason = f"the row has {fields} fields, the header has {expected}"
    return Rejection("MALFORMED_ROW", "", reason, excerpt(raw), line)
