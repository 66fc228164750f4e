"""The ECB's files, whole, damaged and disguised."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest

from mktdash.domain.clock import iso
from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.base import Parsed, RawPayload, Rejection
from mktdash.providers.ecb.client import DATASET, EcbProvider, recorded_history

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HEADER = b"Date,USD,JPY,GBP,CHF,HRK,\n"


def parsed(body: bytes) -> Parsed:
    pieces = list(EcbProvider().parse(RawPayload(DATASET, body, "test:", NOW, NOW)))
    assert len(pieces) == 1
    return pieces[0]


def history():
    """The recorded history, in the pieces it comes in: their series and rejections."""
    pieces = list(EcbProvider().parse(recorded_history(lambda: NOW)))
    return [one for piece in pieces for one in piece.series], [no for piece in pieces for no in piece.rejected]


def bad_rows(piece: Parsed) -> list[Rejection]:
    """What was refused below the header; these samples leave most currencies out, which is noted on line 1."""
    return [one for one in piece.rejected if one.line > 1]


def zipped(text: bytes, name: str = "eurofxref-hist.csv") -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return target.getvalue()


def test_the_recorded_history_parses_whole_and_exact():
    series, rejected = history()
    dollar = [one for one in series if one.alias == "USD"]

    assert len({one.alias for one in series}) == 41
    assert sum(len(one.columns) for one in series) == 221_702
    assert sum(len(one.absent) for one in series if one.absent is not None) == 41 * 7_126 - 221_702
    assert not rejected
    assert sum(len(one.columns) for one in dollar) == 7_126
    assert dollar[0].columns.value[0] == 1.1172
    assert iso(int(dollar[0].columns.as_of[0])) == "2026-10-30T13:15:00Z"  # winter time since 25 October
    assert dollar[0].lines[0] == 2
    assert dollar[-1].lines[-1] == 7_127


def test_not_quoted_is_absence_and_not_a_rejection():
    piece = parsed(HEADER + b"2023-07-03,1.09,157.5,0.859,0.976,N/A,\n")

    kuna = next(one for one in piece.series if one.alias == "HRK")
    assert len(kuna.columns) == 0
    assert [iso(int(instant)) for instant in kuna.absent] == ["2023-07-03T12:15:00Z"]
    assert not bad_rows(piece)


@pytest.mark.parametrize(
    "bad", [b"nan", b"inf", b"-inf", b"1.2.3", b"1,", b"0x10", b"1_000", b"", b"--", b"1e999", b"\xff"]
)
def test_a_cell_that_is_no_number_is_rejected_and_the_rest_goes_on(bad):
    piece = parsed(HEADER + b"2022-07-04,1.05,141.5,0.861,1.0,7.5,\n" + b"2022-07-01," + bad + b",141,0.86,1.0,7.5,\n")

    codes = {(one.code, one.line) for one in bad_rows(piece)}
    assert codes == {("NOT_A_NUMBER" if b"," not in bad else "MALFORMED_ROW", 3)}
    dollar = next(one for one in piece.series if one.alias == "USD")
    assert dollar.columns.value.tolist() == [1.05]
    assert "2022-07-01" in bad_rows(piece)[0].raw


@pytest.mark.parametrize("bad", [b"2022-02-30", b"30/06/2022", b"", b"2022-7-1", b"2022-13-01"])
def test_a_row_without_a_date_is_rejected_once(bad):
    piece = parsed(HEADER + bad + b",1.05,141.5,0.861,1.0,7.5,\n2022-07-01,1.04,141,0.86,1.0,7.5,\n")

    assert [(one.code, one.line) for one in bad_rows(piece)] == [("BAD_DATE", 2)]
    assert sum(len(one.columns) for one in piece.series) == 5


def test_a_half_written_last_row_is_set_apart():
    piece = parsed(HEADER + b"2022-07-04,1.05,141.5,0.861,1.0,7.5,\n2022-07-01,1.04,14")

    assert [(one.code, one.line, one.raw) for one in bad_rows(piece)] == [("MALFORMED_ROW", 3, "2022-07-01,1.04,14")]


def test_an_unknown_currency_is_noted_and_a_lost_one_too():
    piece = parsed(b"Date,USD,JPY,GBP,CHF,XXX,\n2022-07-04,1.05,141.5,0.861,1.0,7.5,\n")

    codes = {one.column: one.code for one in piece.rejected}
    assert codes["XXX"] == "COLUMN_UNKNOWN"
    assert codes["HRK"] == "COLUMN_MISSING"
    assert {one.alias for one in piece.series} == {"USD", "JPY", "GBP", "CHF"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"<!DOCTYPE html><html><body>Down for maintenance</body></html>", "web page"),
        (b"\n <HTML><body>x</body></HTML>", "web page"),
        (b"Datum,USD,JPY,GBP,CHF,\n2022-07-04,1,2,3,4,\n", "missing columns: Date"),
        (b"Date,USX,JPY,GBP,CHF,\n2022-07-04,1,2,3,4,\n", "missing columns: USD"),
        (b"PK\x03\x04rest of nothing", "zip is cut"),
        (zipped(HEADER)[:-30], "zip is cut"),
        (zipped(b"x", "readme.txt"), "does not hold one CSV"),
        (b"<?xml version='1.0'?><Envelope><Cube>", "cut or damaged"),
        (b"<?xml version='1.0'?><Envelope/>", "quotes no"),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
        (b"\x7fELF" + b"\x00" * 100, "binary"),
    ],
)
def test_what_is_not_the_ecbs_format_is_a_format_error_that_says_so(body, said):
    with pytest.raises(ProviderFormatError, match=said):
        parsed(body)


def test_a_zip_cut_inside_its_data_is_a_format_error():
    whole = bytearray(recorded_history(lambda: NOW).body)
    whole[1000:1400] = bytes(400)
    with pytest.raises(ProviderFormatError, match="cut or damaged"):
        parsed(bytes(whole))


XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<Cube><Cube time='2026-10-30'>
<Cube currency='USD' rate='1.1172'/><Cube currency='JPY' rate='175.68'/>
<Cube currency='GBP' rate='0.8338'/><Cube currency='CHF' rate='0.9194'/>
<Cube currency='SEK' rate='NaN'/><Cube currency='ZZZ' rate='2'/>
</Cube></Cube></gesmes:Envelope>"""


def test_the_daily_xml_gives_the_same_instants_and_values_as_the_history():
    daily = {one.alias: one.columns for one in parsed(XML).series}
    newest = {one.alias: one.columns for one in reversed(history()[0])}

    for alias, columns in daily.items():
        assert columns.as_of[0] == newest[alias].as_of[0]
        assert columns.value[0] == newest[alias].value[0]
    assert set(daily) == {"USD", "JPY", "GBP", "CHF"}
    assert {(one.code, one.column) for one in parsed(XML).rejected} == {
        ("NOT_A_NUMBER", "SEK"),
        ("COLUMN_UNKNOWN", "ZZZ"),
    }


def test_every_series_has_its_symbol_name_and_unit():
    spec = EcbProvider().describe(DATASET, "USD")

    assert (spec.instrument.symbol, spec.instrument.name, spec.unit) == ("EURUSD", "Euro / US dollar", "USD")
    assert EcbProvider().describe(DATASET, "XXX") is None
    series, _ = history()
    assert all(EcbProvider().describe(DATASET, one.alias) for one in series)
    assert all(np.all(np.diff(one.columns.as_of) < 0) for one in series), "newest first, as the file is"
