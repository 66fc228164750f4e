"""Finds the layout of a payload in its first bytes: a table's header, or the keys of a document."""

import csv
import gzip
import re
import struct
import zlib
from urllib.parse import parse_qsl, urlencode, urlsplit

_HEAD = 65_536
_ZIP = b"PK\x03\x04"
_ZIP_HEADER = struct.Struct("<4sHHHHHLLLHH")
_DEFLATED, _STORED = 8, 0
_GZIP = b"\x1f\x8b"
_JSON_KEY = re.compile(r'"([^"\\]{1,60})"\s*:')
_XML_TAG = re.compile(r"<([A-Za-z_][\w:.-]{0,60})((?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*/?>")
_XML_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=")
_VOLATILE = re.compile(r"[\d:TZ.+-]+")
_DIGITS = re.compile(r"\d+")


def kind_of(url: str) -> str:
    """The kind of a payload: its address without dates and counters."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if not _VOLATILE.fullmatch(value)]
    path = _DIGITS.sub("#", parts.path)
    return f"{parts.netloc or parts.scheme}{path}" + (f"?{urlencode(sorted(query))}" if query else "")


def layout_of(head: bytes) -> tuple[str, ...]:
    """The columns of a table in their order, or the distinct keys of a JSON or XML document, sorted.

    Args:
        head: the first bytes of the payload, as many as there are; zip and gzip are unpacked.
    """
    text = _unpacked(head)[:_HEAD].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return tuple(sorted(set(_JSON_KEY.findall(text))))
    if text.startswith("<"):
        return tuple(sorted(_xml_names(text)))
    line = text.split("\n", 1)[0].strip("\r")
    cells = next(csv.reader([line], delimiter=_delimiter(line)), [])
    return tuple(cell.strip() for cell in cells if cell.strip())


def _delimiter(line: str) -> str:
    return max(",;\t|", key=line.count)


def _xml_names(text: str) -> set[str]:
    names = set()
    for tag, attributes in _XML_TAG.findall(text):
        names.add(tag)
        unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", "", attributes)
        names |= {f"{tag}@{name}" for name in _XML_ATTRIBUTE.findall(unquoted) if not name.startswith("xmlns")}
    return names


def _unpacked(head: bytes) -> bytes:
    try:
        if head.startswith(_GZIP):
            return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(head, _HEAD)
        if head.startswith(_ZIP):
            return _first_member(head)
    except (zlib.error, struct.error, gzip.BadGzipFile):
        return b""
    return head


def _first_member(head: bytes) -> bytes:
    fields = _ZIP_HEADER.unpack_from(head)
    method, begin = fields[3], _ZIP_HEADER.size + fields[9] + fields[10]
    if method == _STORED:
        return head[begin : begin + _HEAD]
    if method == _DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(head[begin:], _HEAD)
    return b""
