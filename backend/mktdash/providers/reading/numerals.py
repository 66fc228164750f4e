"""Parses columns of numbers: strict about what a number is, exact to the nearest double."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from mktdash.domain.observation import Float64Array, Int64Array

BoolArray = npt.NDArray[np.bool_]
ByteArray = npt.NDArray[np.uint8]

# A whole number below 2**53 over a power of ten up to 10**22 is rounded once: the quotient is the nearest double.
_EXACT_MANTISSA = 2**53
_FAST_WIDTH = 17
_GROUP = 3
_POWERS = 10.0 ** np.arange(23)
_NUMERAL = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MINUS = "\N{MINUS SIGN}".encode()
# What may stand for a blank between groups of digits: no-break, narrow no-break, thin.
_BLANKS = tuple(blank.encode() for blank in ("\u00a0", "\u202f", "\u2009"))


@dataclass(frozen=True, slots=True)
class Notation:
    """How a source writes numbers.

    Attributes:
        decimal: the mark before the decimals.
        thousands: the mark between groups of three digits; a blank stands for the no-break and the thin one too.
        suffixes: what may stand behind a number, and which power of ten it is multiplied by: ``{"K": 3, "%": 0}``.
        parentheses: a number in parentheses is negative.
    """

    decimal: str = "."
    thousands: str = ""
    suffixes: Mapping[str, int] = field(default_factory=dict)
    parentheses: bool = False


PLAIN = Notation()


@dataclass(frozen=True, slots=True)
class Cells:
    """A run of text cells that lie in one buffer: ``buffer[start[i]:end[i]]`` is the i-th."""

    buffer: ByteArray
    start: Int64Array
    end: Int64Array

    @classmethod
    def of(cls, texts: list[bytes]) -> Self:
        """Cells from separate texts."""
        width = np.fromiter((len(text) for text in texts), np.int64, len(texts))
        end = np.cumsum(width)
        return cls(np.frombuffer(b"".join(texts), np.uint8), end - width, end)

    def __len__(self) -> int:
        return len(self.start)

    def take(self, selection: BoolArray | Int64Array | slice) -> Self:
        """The cells a mask, an index array or a slice selects."""
        return type(self)(self.buffer, self.start[selection], self.end[selection])

    def after(self, skip: Int64Array) -> Self:
        """The cells without so many bytes at their start."""
        return type(self)(self.buffer, np.minimum(self.start + skip, self.end), self.end)

    def raw(self, index: int) -> bytes:
        """The bytes of one cell."""
        return self.buffer[self.start[index] : self.end[index]].tobytes()

    def text(self, index: int) -> str:
        """One cell as text; bytes that are no UTF-8 show as replacement marks."""
        return self.raw(index).decode("utf-8", "replace")

    def byte(self, position: int) -> ByteArray:
        """The byte at a position of each cell; 0 past its end."""
        if not len(self.buffer):
            return np.zeros(len(self), np.uint8)
        at = self.start + position
        inside = at < self.end
        return np.where(inside, self.buffer[np.minimum(at, len(self.buffer) - 1)], np.uint8(0))

    def equal(self, text: bytes) -> BoolArray:
        """Which cells are exactly this text."""
        same: BoolArray = (self.end - self.start) == len(text)
        for position, byte in enumerate(text):
            if not same.any():
                break
            same &= self.byte(position) == byte
        return same

    def stripped(self) -> Self:
        """The cells without blanks at either end."""
        if not len(self.buffer):
            return self
        start, end, last = self.start.copy(), self.end.copy(), len(self.buffer) - 1
        while (blank := (start < end) & _is_blank(self.buffer[np.minimum(start, last)])).any():
            start += blank
        while (blank := (start < end) & _is_blank(self.buffer[np.maximum(end - 1, 0)])).any():
            end -= blank
        return type(self)(self.buffer, start, end)


def _is_blank(byte: ByteArray) -> BoolArray:
    blank: BoolArray = (byte == ord(" ")) | (byte == ord("\t"))
    return blank


def to_floats(cells: Cells, notation: Notation = PLAIN) -> tuple[Float64Array, BoolArray]:
    """Read cells as decimal numbers.

    Decimals with an optional sign and exponent are numbers; ``nan``, ``inf``, an empty cell and the like are not.

    Args:
        cells: the texts, without blanks around them.
        notation: how the source writes them.

    Returns:
        The values, each the double nearest to its text (NaN where it is not a number), and which cells are numbers.
    """
    count = len(cells)
    width = cells.end - cells.start
    mantissa = np.zeros(count, np.int64)
    decimals = np.zeros(count, np.int64)
    digits = np.zeros(count, np.int64)
    point = np.zeros(count, np.bool_)
    plain: BoolArray = (width > 0) & (width <= _FAST_WIDTH)
    negative = np.zeros(count, np.bool_)
    for position in range(min(int(width.max(initial=0)), _FAST_WIDTH)):
        byte = cells.byte(position)
        digit = (byte >= ord("0")) & (byte <= ord("9"))
        mantissa = np.where(digit, mantissa * 10 + (byte.astype(np.int64) - ord("0")), mantissa)
        digits += digit
        decimals += digit & point
        dot = (byte == ord(notation.decimal)) & ~point
        point |= dot
        known = digit | dot | (position >= width)
        if position == 0:
            negative = byte == ord("-")
            known |= negative
        plain &= known
    plain &= (digits > 0) & (mantissa < _EXACT_MANTISSA)
    values = np.where(plain, mantissa / _POWERS[np.minimum(decimals, 22)], np.nan)
    np.negative(values, out=values, where=negative)
    for index in np.flatnonzero(~plain & (width > 0)).tolist():
        raw, shift = _in_points(cells.raw(index), notation)
        if _NUMERAL.fullmatch(raw) and (shift is None or b"e" not in raw.lower()):
            values[index] = float(raw if shift is None else raw + b"e%d" % shift)
    good = np.isfinite(values)
    values[~good] = np.nan
    return values, good


def _in_points(raw: bytes, notation: Notation) -> tuple[bytes, int | None]:
    """A number as Python writes it, and the power of ten that its suffix means; empty where it is not written right."""
    if notation.parentheses and raw.startswith(b"(") and raw.endswith(b")"):
        raw = b"-" + raw[1:-1]
    raw, shift = _without_suffix(raw, notation.suffixes)
    if raw.startswith(_MINUS):
        raw = b"-" + raw.removeprefix(_MINUS)
    if notation.thousands == " ":
        for blank in _BLANKS:
            raw = raw.replace(blank, b" ")
    decimal, thousands = notation.decimal.encode(), notation.thousands.encode()
    if thousands and thousands in raw:
        whole, mark, rest = raw.partition(decimal)
        first, *groups = whole.lstrip(b"+-").split(thousands)
        if not 1 <= len(first) <= _GROUP or any(len(group) != _GROUP for group in groups):
            return b"", shift
        raw = whole.replace(thousands, b"") + mark + rest
    return raw if decimal == b"." else raw.replace(b".", b"?").replace(decimal, b"."), shift


def _without_suffix(raw: bytes, suffixes: Mapping[str, int]) -> tuple[bytes, int | None]:
    for suffix in sorted(suffixes, key=len, reverse=True):
        if raw.endswith(suffix.encode()):
            return raw.removesuffix(suffix.encode()).rstrip(b" \t"), suffixes[suffix]
    return raw, None


def to_integers(cells: Cells, position: int, width: int) -> tuple[Int64Array, BoolArray]:
    """The unsigned integer that stands in a fixed place of each cell, and which cells have one there."""
    value = np.zeros(len(cells), np.int64)
    good = np.ones(len(cells), np.bool_)
    for at in range(position, position + width):
        byte = cells.byte(at).astype(np.int64)
        good &= (byte >= ord("0")) & (byte <= ord("9"))
        value = value * 10 + (byte - ord("0"))
    return value, good
