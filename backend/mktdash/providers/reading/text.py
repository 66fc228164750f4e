"""Text files of any encoding and line ends as one: UTF-8 with line feeds, read part by part."""

import codecs
from typing import BinaryIO

from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.excerpt import excerpt

_UTF8_MARK = codecs.BOM_UTF8
_UTF16_ENDS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
_UTF16_MARKS = tuple(_UTF16_ENDS.values())


class TextStream:
    """Reads a text file; ``read`` gives UTF-8 without a byte order mark, each line ended by one line feed."""

    def __init__(self, stream: BinaryIO, what: str, encoding: str | None = None) -> None:
        """Begin.

        Args:
            stream: the bytes; not closed here.
            what: what the file should be, for the error's sentence.
            encoding: how it is written; None takes bytes that are no UTF-8 as they are, to be refused cell by cell.
        """
        self._stream = stream
        self._what = what
        self._encoding = encoding
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False
        self._held = b""
        self._lines = 0

    def read(self, size: int) -> bytes:
        """About so many bytes; none at the end of the file.

        Raises:
            ProviderFormatError: the bytes are not of the encoding.
        """
        while True:
            raw = self._stream.read(size)
            if not self._begun:
                raw = self._begin(raw)
            text = self._with_line_feeds(self._in_utf8(raw, last=not raw), last=not raw)
            if text or not raw:
                self._lines += text.count(b"\n")
                return text

    def _begin(self, raw: bytes) -> bytes:
        self._begun = True
        while len(raw) < len(_UTF8_MARK) and (more := self._stream.read(len(_UTF8_MARK))):
            raw += more
        encoding = self._encoding
        if encoding in {None, "utf-8"} and raw.startswith(_UTF16_MARKS):
            encoding = "utf-16"
        if encoding in {None, "utf-8"}:
            raw = raw.removeprefix(_UTF8_MARK)
        elif encoding in _UTF16_ENDS:
            raw = raw.removeprefix(_UTF16_ENDS[encoding])
        if not str(encoding).startswith("utf-16") and b"\x00" in raw[:4096]:
            raise ProviderFormatError(
                f"{self._what}: this is binary, not text (or UTF-16 without a byte order mark: encoding utf-16-le)",
                what=self._what,
            )
        if encoding is not None:
            self._encoding = encoding
            self._decoder = codecs.getincrementaldecoder(encoding)()
        return raw

    def _in_utf8(self, raw: bytes, *, last: bool) -> bytes:
        if self._decoder is None or (self._encoding == "utf-8" and raw.isascii() and not self._decoder.getstate()[0]):
            return raw
        try:
            return self._decoder.decode(raw, last).encode()
        except UnicodeError as error:
            at = error.start if isinstance(error, UnicodeDecodeError) else 0
            seen = error.object if isinstance(error, UnicodeDecodeError) else raw
            line = self._lines + seen.count(b"\n", 0, at) + 1
            raise ProviderFormatError(
                f"{self._what}: line {line} is not {self._encoding} ({excerpt(seen[at : at + 1], 20)}); "
                "set the encoding of the file, such as cp1252",
                line=line,
                encoding=self._encoding,
            ) from None

    def _with_line_feeds(self, text: bytes, *, last: bool) -> bytes:
        text, self._held = self._held + text, b""
        if b"\r" not in text:
            return text
        if text.endswith(b"\r") and not last:
            # Its line feed may be the next byte.
            text, self._held = text[:-1], b"\r"
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
