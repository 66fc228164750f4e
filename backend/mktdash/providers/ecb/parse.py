"""Reads the ECB's euro reference rates: the zipped or plain history (CSV) and the daily and 90-day files (XML)."""

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO
from xml.parsers import expat  # a document type, the way to every entity trick, is refused below

import numpy as np

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Columns, Float64Array, Int64Array
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload, Rejection
from mktdash.providers.dates import iso_days, session_instants
from mktdash.providers.delimited import Piece, looks_like_html, read_pieces
from mktdash.providers.ecb.currencies import ALWAYS_QUOTED, NAMES
from mktdash.providers.numerals import BoolArray, Cells, to_floats

TIMEZONE = "Europe/Berlin"
FIXING_TIME = "14:15"

_WHAT = "ECB reference rates"
_UNZIPPED_LIMIT = 64 * 1024 * 1024


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
        yield from _parse_csv(BytesIO(_unzipped(body, payload.url)))
    elif body.lstrip().startswith(b"<"):
        yield _parse_xml(body, payload.url)
    else:
        yield from _parse_csv(BytesIO(body))


def _unzipped(body: bytes, url: str) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            members = [member for member in archive.infolist() if member.filename.lower().endswith(".csv")]
            if len(members) != 1 or members[0].file_size > _UNZIPPED_LIMIT:
                names = [member.filename for member in archive.infolist()][:10]
                raise ProviderFormatError(f"{_WHAT}: the zip does not hold one CSV file", url=url, members=names)
            return archive.read(members[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ProviderFormatError(
            f"{_WHAT}: the zip is cut or damaged ({error})", url=url, size=len(body), cause=str(error)
        ) from error


def _parse_csv(stream: BinaryIO) -> Iterator[Parsed]:
    for number, piece in enumerate(read_pieces(stream, _WHAT)):
        rejected = list(_check_header(piece.header)) if number == 0 else []
        yield _read_rows(piece, rejected)


def _check_header(header: tuple[str, ...]) -> Iterator[Rejection]:
    names = set(header)
    if header[0] != "Date" or not names >= ALWAYS_QUOTED:
        missing = sorted(({"Date"} | ALWAYS_QUOTED) - names)
        raise ProviderFormatError(
            f"{_WHAT}: the columns are not the ECB's; missing {', '.join(missing) or 'a leading Date'}",
            missing=missing,
            header=list(header)[:60],
        )
    raw = ",".join(header)[:500]
    for name in sorted(names - NAMES.keys() - {"Date", ""}):
        yield Rejection("COLUMN_UNKNOWN", name, "the ECB quoted no such currency when this was written", raw, 1)
    for name in sorted(NAMES.keys() - names):
        yield Rejection("COLUMN_MISSING", name, "the file leaves out a currency that it used to list", raw, 1, name)


def _read_rows(piece: Piece, rejected: list[Rejection]) -> Parsed:
    rejected.extend(piece.malformed)
    days, dated = iso_days(piece.column(0).stripped())
    rejected.extend(
        Rejection("BAD_DATE", "Date", "the date is not YYYY-MM-DD", piece.raw(row), int(piece.lines[row]))
        for row in np.flatnonzero(~dated).tolist()
    )
    currencies = [(index, name) for index, name in enumerate(piece.header) if name in NAMES]
    shape = (len(piece), len(currencies))
    cells = piece.block([index for index, _ in currencies])
    not_quoted = cells.equal(b"N/A").reshape(shape)
    flat_values, flat_numeric = to_floats(cells)
    values, numeric = flat_values.reshape(shape), flat_numeric.reshape(shape)
    usable = dated[:, None] & numeric
    as_of = session_instants(np.where(dated, days, 0), TIMEZONE, FIXING_TIME)
    for row, column in np.argwhere(dated[:, None] & ~numeric & ~not_quoted).tolist():
        text = cells.text(row * len(currencies) + column)
        name = currencies[column][1]
        reason = f"{text!r} is not a number" if text else "the cell is empty"
        rejected.append(
            Rejection("NOT_A_NUMBER", name, reason, piece.raw(row), int(piece.lines[row]), name, int(as_of[row]))
        )
    series = [
        _one_series(name, as_of, values[:, at], usable[:, at], lines=piece.lines, absent=dated & not_quoted[:, at])
        for at, (_, name) in enumerate(currencies)
    ]
    return Parsed(series=[one for one in series if len(one.columns) or one.absent is not None], rejected=rejected)


def _one_series(
    alias: str, as_of: Int64Array, values: Float64Array, usable: BoolArray, *, lines: Int64Array, absent: BoolArray
) -> ParsedSeries:
    kept = np.flatnonzero(usable)
    return ParsedSeries(
        alias=alias,
        columns=Columns(as_of=as_of[kept], value=values[kept], flags=np.zeros(len(kept), np.int64)),
        absent=as_of[absent] if absent.any() else None,
        lines=lines[kept],
    )


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
    rejected = []
    for index in np.flatnonzero(~(dated & numeric & known)).tolist():
        day, currency, rate, line = quotes[index]
        if not known[index]:
            code, column, reason = "COLUMN_UNKNOWN", currency, "the ECB quoted no such currency when this was written"
        elif not dated[index]:
            code, column, reason = "BAD_DATE", "time", f"{day!r} is not YYYY-MM-DD"
        else:
            code, column, reason = "NOT_A_NUMBER", currency, f"{rate!r} is not a number"
        raw, instant = f"{day},{currency},{rate}"[:500], int(as_of[index]) if dated[index] else None
        rejected.append(Rejection(code, column, reason, raw, line, currency, instant))
    usable = dated & numeric & known
    none = np.zeros(len(quotes), np.bool_)
    return Parsed(
        series=[
            _one_series(name, as_of, values, usable & (names == name), lines=lines, absent=none)
            for name in dict.fromkeys(names[usable].tolist())
        ],
        rejected=rejected,
    )
