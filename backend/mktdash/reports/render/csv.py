"""Rows as CSV for a spreadsheet or a program."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """RFC 4180 in UTF-8. Text from outside goes through :func:`safe` first; numbers don't."""
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def safe(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe goes before what would be taken for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
