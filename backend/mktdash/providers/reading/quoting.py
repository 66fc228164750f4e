"""Splits lines with quotes into rows, and finds the line to refuse where a quote is not closed.

A field may hold a line break where its quotes say so. A quote that is never closed must not swallow the rows below it:
only its own line is refused, and every row after it counts.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mktdash.providers.base import Rejection

# A note in a field may have some lines; beyond these, a quote has been forgotten.
_MOST_LINES = 16


@dataclass(frozen=True, slots=True)
class QuotedRow:
    """One row: its cells, or why there are none; ``line`` is the index of its first line, ``lines`` how many it has."""

    line: int
    lines: int
    raw: bytes
    cells: Sequence[bytes] = ()
    fault: str = ""


def quoted_rows(lines: Sequence[bytes], delimiter: str, width: int, *, last: bool) -> Iterator[QuotedRow]:
    """The rows of some lines; stops before one that may go on in lines to come.

    Args:
        lines: without their line feeds.
        delimiter: the character between fields.
        width: how many fields a row has.
        last: nothing comes after these lines.
    """
    plain = _all_at_once(lines, delimiter)
    if plain is not None:
        for at, cells in enumerate(plain):
            if cells:
                yield QuotedRow(at, 1, lines[at], [cell.encode("utf-8", "surrogateescape") for cell in cells])
        return
    at = 0
    while at < len(lines):
        row = _row(lines, at, delimiter, width, last=last)
        if row is None:
            return
        if row.raw:
            yield row
        at += row.lines


def _all_at_once(lines: Sequence[bytes], delimiter: str) -> list[list[str]] | None:
    """The rows where each line is one; None where any is more, or less."""
    reader = csv.reader(map(_text, lines), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        rows = list(reader)
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) else None


def _row(lines: Sequence[bytes], at: int, delimiter: str, width: int, *, last: bool) -> QuotedRow | None:
    cells, fault, is_open = _split(lines[at], delimiter)
    raw = lines[at]
    count = 1
    while is_open and count < _MOST_LINES:
        if at + count >= len(lines):
            if not last:
                return None
            break
        if lines[at + count].count(delimiter.encode()) >= width - 1:
            # This line is a row by itself, so the quote above it was forgotten.
            break
        raw += b"\n" + lines[at + count]
        count += 1
        cells, _, is_open = _split(raw, delimiter)
    if cells is not None and (count == 1 or len(cells) == width):
        return QuotedRow(at, count, raw, [cell.encode("utf-8", "surrogateescape") for cell in cells])
    return QuotedRow(at, 1, lines[at], fault=fault or "its quotes are not right")


def _split(raw: bytes, delimiter: str) -> tuple[list[str] | None, str, bool]:
    """The cells of a row; else why there are none, and whether that is because a quote is not closed."""
    try:
        parts = _text(raw).split("\n")
        reader = csv.reader([f"{part}\n" for part in parts], delimiter=delimiter, strict=True, skipinitialspace=True)
        return next(reader, []), "", False
    except csv.Error as error:
        is_open = "unexpected end of data" in str(error)
        return None, "a quote is not closed" if is_open else f"its quotes are not right: {error}", is_open


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def header_names(line: bytes, delimiter: str) -> list[str] | None:
    """The fields of a header line; None where its quotes are not right."""
    cells, _, _ = _split(line, delimiter)
    return cells


def quote_rejection(row: QuotedRow, line: int) -> Rejection:
    """The rejection of a row whose quotes are not right."""
    return Rejection(
        "MALFORMED_ROW", "", f"the row cannot be read: {row.fault}", row.raw.decode("utf-8", "replace"), line
    )
