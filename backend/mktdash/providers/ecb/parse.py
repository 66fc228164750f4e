"""Parses the ECB's euro reference rates: the zipped or plain history (CSV) and the daily and 90-day files (XML)."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.parsers import expat  # a document type, the way to every entity trick, is refused below

import numpy as np

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Columns
from mktdash.providers.account import Account
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload, Rejection
from mktdash.providers.ecb.currencies import ALWAYS_QUOTED, NAMES
from mktdash.providers.reading.dates import DateRules, iso_days, session_instants
from mktdash.providers.reading.delimited import looks_like_html
from mktdash.providers.reading.numerals import Cells, to_floats
from mktdash.providers.reading.table import BarColumns, Layout, read_table

TIMEZONE = "Europe/Berlin"
FIXING_TIME = "14:15"

_WHAT = "ECB reference rates"
# What reading a zip can end in: its library checks little of what a damaged one says of itself.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)
_UNZIPPED_LIMIT = 64 * 1024 * 1024
_LAYOUT = Layout(
    what=_WHAT,
    date=("Date",),
    series={code: BarColumns(code) for code in NAMES},
    dates=DateRules(("YYYY-MM-DD",), TIMEZONE, FIXING_TIME),
    required=ALWAYS_QUOTED,
    missing=("N/A",),
)


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read any of the ECB's three files; which one shows in its first bytes.

    Raises:
        ProviderFormatError: a web page, a cut zip, other columns, an empty answer.
    """
    with payload.open() as stream:
        body = stream.read()
    if looks_like_html(body):
        raise ProviderFormatError(f"{_WHAT}: the answer is a web page, not data", url=payload.url, size=len(body))
    if body.startswith(b"PK"):
        unzipped = _unzipped(body, payload.url)
        yield from read_table(lambda: BytesIO(unzipped), _LAYOUT)
    elif body.lstrip().startswith(b"<"):
        yield _parse_xml(body, payload.url)
    else:
        yield from read_table(lambda: BytesIO(body), _LAYOUT)


def _unzipped(body: bytes, url: str) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            members = [member for member in archive.infolist() if member.filename.lower().endswith(".csv")]
            if len(members) != 1 or members[0].file_size > _UNZIPPED_LIMIT:
                names = [member.filename for member in archive.infolist()][:10]
                raise ProviderFormatError(f"{_WHAT}: the zip does not hold one CSV file", url=url, members=names)
            return archive.read(members[0])
    except _DAMAGED as error:
        raise ProviderFormatError(
            f"{_WHAT}: the zip is cut or damaged ({error})", url=url, size=len(body), cause=str(error)
        ) from error


def _parse_xml(body: bytes, url: str) -> Parsed:
    quotes: list[tuple[str, str, str, int]] = []
    day = ""
    parser = expat.ParserCreate()

    def refuse_doctype(*_: object) -> None:
        raise ProviderFormatError(f"{_WHAT}: the XML declares a document type, which the ECB's never does", url=url)

    def element(name: str, attributes: dict[str, Any]) -> None:
        nonlocal day
        if name != "Cube":
            return
        if "time" in attributes:
            day = attributes["time"]
        elif "currency" in attributes:
            quotes.append((day, attributes["currency"], attributes.get("rate", ""), parser.CurrentLineNumber))

    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = element
    try:
        parser.Parse(body, True)  # noqa: FBT003  # expat takes its end mark by position
    except expat.ExpatError as error:
        raise ProviderFormatError(
            f"{_WHAT}: the XML is cut or damaged (line {error.lineno})", url=url, size=len(body), line=error.lineno
        ) from error
    named = {currency for _, currency, _, _ in quotes}
    if not named >= ALWAYS_QUOTED:
        missing = sorted(ALWAYS_QUOTED - named)
        raise ProviderFormatError(f"{_WHAT}: the XML quotes no {', '.join(missing)}", url=url, missing=missing)
    return _read_quotes(quotes)


def _read_quotes(quotes: list[tuple[str, str, str, int]]) -> Parsed:
    days, dated = iso_days(Cells.of([day.encode() for day, *_ in quotes]))
    values, numeric = to_floats(Cells.of([rate.encode() for *_, rate, _ in quotes]))
    as_of = session_instants(np.where(dated, days, 0), TIMEZONE, FIXING_TIME)
    lines = np.array([line for *_, line in quotes], np.int64)
    names = np.array([currency for _, currency, _, _ in quotes])
    known = np.isin(names, list(NAMES))
    account = Account(_WHAT, len(quotes))
    for index in np.flatnonzero(~(dated & numeric & known)).tolist():
        day, currency, rate, line = quotes[index]
        if not known[index]:
            code, column, reason = "COLUMN_UNKNOWN", currency, "a currency that this version of mktdash does not know"
        elif not dated[index]:
            code, column, reason = "BAD_DATE", "time", f"{day!r} is not YYYY-MM-DD"
        else:
            code, column, reason = "NOT_A_NUMBER", currency, f"{rate!r} is not a number"
        raw, instant = f"{day},{currency},{rate}", int(as_of[index]) if dated[index] else None
        account.refuse([Rejection(code, column, reason, raw, line, currency, instant)])
    usable = dated & numeric & known
    for name in dict.fromkeys(names[usable].tolist()):
        kept = np.flatnonzero(usable & (names == name))
        columns = Columns(as_of=as_of[kept], value=values[kept], flags=np.zeros(len(kept), np.int64))
        account.keep(ParsedSeries(name, columns, lines=lines[kept]))
    return account.parsed()
