"""Any file of dates and numbers, by a mapping: what is read, what is set apart, what is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mktdash.domain.clock import iso
from mktdash.domain.errors import InvalidInputError, ProviderFormatError
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.providers.reading.delimited import read_parts

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
BAR = {
    "dataset": "vix",
    "date": "DATE",
    "symbol": "VIX",
    "value": "CLOSE",
    "open": "OPEN",
    "high": "HIGH",
    "low": "LOW",
    "timezone": "America/Chicago",
    "fixing_time": "15:15",
    "date_formats": ["MM/DD/YYYY", "YYYY-MM-DD"],
}
ONE = {"dataset": "gas", "date": "Date", "symbol": "GAS", "value": "Price"}


def read(body: bytes | Path, **mapping):
    provider = CsvProvider(CsvMapping.model_validate(mapping))
    pieces = list(provider.parse(RawPayload(mapping["dataset"], body, "file:test", NOW, NOW)))
    series: dict[str, list] = {}
    for piece in pieces:
        for one in piece.series:
            series.setdefault(one.alias, []).append(one)
    return series, [rejection for piece in pieces for rejection in piece.rejected]


def values_of(series, alias):
    return np.concatenate([one.columns.value for one in series[alias]]).tolist()


def instants_of(series, alias):
    return [iso(int(instant)) for one in series[alias] for instant in one.columns.as_of]


def test_two_date_formats_of_one_dataset_give_the_same_instants():
    american, _ = read(b"DATE,OPEN,HIGH,LOW,CLOSE\n01/02/1990,17.24,17.24,17.24,17.24\n7/3/2024,1,2,1,1.5\n", **BAR)
    iso_dates, _ = read(b"DATE,OPEN,HIGH,LOW,CLOSE\n1990-01-02,17.24,17.24,17.24,17.24\n2024-07-03,1,2,1,1.5\n", **BAR)

    assert instants_of(american, "VIX") == instants_of(iso_dates, "VIX")
    assert instants_of(american, "VIX") == ["1990-01-02T21:15:00Z", "2024-07-03T20:15:00Z"]
    (bars,) = american["VIX"]
    assert bars.columns.high.tolist() == [17.24, 2.0]
    assert bars.columns.volume is None


def test_a_number_written_out_in_full_is_the_same_number():
    series, rejected = read(
        b"Date,Price\n1997-01-07,3.819999999999999840127884453977458178997039794921875\n1997-01-08,3.82\n", **ONE
    )

    assert values_of(series, "GAS") == [3.82, 3.82]
    assert not rejected


@pytest.mark.parametrize(
    "text",
    [
        "0.1",
        "5e-324",
        "1.7976931348623157e308",
        "9007199254740993",
        "123456789.123456789",
        "-0.000001",
        "+7",
        ".5",
        "3.",
    ],
)
def test_every_number_is_the_double_nearest_to_its_text(text):
    series, _ = read(f"Date,Price\n2024-01-02,{text}\n".encode(), **ONE, positive=False)

    assert values_of(series, "GAS") == [float(text)]


@pytest.mark.parametrize(
    "text", ["nan", "NaN", "inf", "-Infinity", "1e999", "0x1p3", "1_0", "1 0", "\u0661", "1.2.3", "e5", "-"]
)
def test_what_is_no_number_is_rejected_with_its_line_and_raw_text(text):
    series, rejected = read(f"Date,Price\n2024-01-02,{text}\n2024-01-03,2.5\n".encode(), **ONE)

    assert values_of(series, "GAS") == [2.5]
    (rejection,) = rejected
    assert (rejection.code, rejection.line, rejection.column) == ("NOT_A_NUMBER", 2, "Price")
    assert rejection.raw == f"2024-01-02,{text}"
    assert iso(rejection.as_of) == "2024-01-02T00:00:00Z"


def test_missing_marks_are_absences_and_not_errors():
    series, rejected = read(b"Date,Price\n2024-01-01,.\n2024-01-02,\n2024-01-03,N/A\n2024-01-04,2\n", **ONE)

    assert values_of(series, "GAS") == [2.0]
    assert len(series["GAS"][0].absent) == 3
    assert not rejected


def test_a_bar_with_one_unreadable_cell_is_rejected_whole():
    series, rejected = read(b"DATE,OPEN,HIGH,LOW,CLOSE\n2024-07-03,1,x,1,1.5\n2024-07-05,1,2,1,1.5\n", **BAR)

    assert values_of(series, "VIX") == [1.5]
    assert [one.column for one in rejected] == ["HIGH"]


def test_half_written_and_overlong_rows_are_set_apart():
    body = b"DATE,OPEN,HIGH,LOW,CLOSE\n2024-07-03,1,2,1,1.5,9\n2024-07-05,1,2,1,1.5\n\n2024-07-08,1,2"
    series, rejected = read(body, **BAR)

    assert values_of(series, "VIX") == [1.5]
    assert [(one.code, one.line) for one in rejected] == [("MALFORMED_ROW", 2), ("MALFORMED_ROW", 5)]


def test_rows_are_grouped_by_symbol_sorted_or_not():
    long = {"dataset": "many", "date": "d", "symbol_column": "s", "value": "v"}
    body = b"s,d,v\nB,2024-01-02,1\nA,2024-01-02,2\nB,2024-01-03,3\n,2024-01-03,4\nA,2024-01-03,5\n"
    series, rejected = read(body, **long)

    assert values_of(series, "A") == [2.0, 5.0]
    assert values_of(series, "B") == [1.0, 3.0]
    assert series["B"][0].lines.tolist() == [2, 4]
    assert [(one.code, one.line) for one in rejected] == [("NO_SYMBOL", 5)]


def test_one_column_a_series():
    wide = {"dataset": "wide", "date": "d", "series": {"X": "x price", "Y": "y"}}
    series, _ = read(b'd,"x price",y,other\n2024-01-02,1,2,words\n', **wide)

    assert (values_of(series, "X"), values_of(series, "Y")) == ([1.0], [2.0])


def test_european_numbers_and_dates():
    body = b"Datum;Kurs\n02.01.2024;1.234,5\n03.01.2024;12.34,5\n04.01.2024;0,25\n"
    mapping = {**ONE, "date": "Datum", "value": "Kurs", "date_formats": ["DD.MM.YYYY"]}
    series, rejected = read(body, **mapping, delimiter=";", decimal=",", thousands=".")

    assert values_of(series, "GAS") == [1234.5, 0.25]
    assert [one.line for one in rejected] == [3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2024-07-03T10:30:00Z", "2024-07-03T10:30:00Z"),
        ("2024-07-03T10:30:00.250+02:00", "2024-07-03T08:30:00.250000Z"),
        ("2024-07-03 10:30", "2024-07-03T14:30:00Z"),
        ("2024-01-03 10:30:15", "2024-01-03T15:30:15Z"),
        ("2024-07-03T10:30:00-0400", "2024-07-03T14:30:00Z"),
    ],
)
def test_times_are_instants_and_without_an_offset_local(text, said):
    series, rejected = read(f"Date,Price\n{text},1\n".encode(), **ONE, timezone="America/New_York")

    assert not rejected
    assert instants_of(series, "GAS") == [said]


@pytest.mark.parametrize(
    "text", ["2024-07-03T25:00:00Z", "2024-07-03T10:61", "2024-07-03T10:30:00.Z", "2024-07-03T10:30X"]
)
def test_times_that_no_clock_shows_are_rejected(text):
    _, rejected = read(f"Date,Price\n{text},1\n".encode(), **ONE)

    assert [one.code for one in rejected] == ["BAD_DATE"]


def test_unix_seconds_and_milliseconds():
    series, _ = read(b"Date,Price\n1720000000,1\n", **{**ONE, "date_formats": ["UNIX"]})
    milliseconds, _ = read(b"Date,Price\n1720000000000,1\n", **{**ONE, "date_formats": ["UNIX-MS"]})

    assert instants_of(series, "GAS") == instants_of(milliseconds, "GAS") == ["2024-07-03T09:46:40Z"]


def test_quoted_fields_crlf_and_a_byte_order_mark_are_read():
    series, rejected = read(b'\xef\xbb\xbfDate,Price\r\n"2024-01-02","1.5"\r\n2024-01-03,2\r\n', **ONE)

    assert values_of(series, "GAS") == [1.5, 2.0]
    assert series["GAS"][0].lines.tolist() == [2, 3]
    assert not rejected


@pytest.mark.parametrize("part_bytes", [7, 16, 33, 64, 1000])
def test_pieces_of_any_size_give_the_same_rows_and_lines(part_bytes, tmp_path):
    rows = [f"2024-01-{day:02d},{day}.25" for day in range(1, 32)]
    path = tmp_path / "a.csv"
    path.write_text("Date,Price\n" + "\n".join(rows[:10]) + "\n\n" + '"2024-01-11",11.25\n' + "\n".join(rows[11:]))

    with path.open("rb") as stream:
        pieces = list(read_parts(stream, "test", part_bytes=part_bytes))
    assert [piece.column(0).text(row) for piece in pieces for row in range(len(piece))] == [row[:10] for row in rows]
    lines = np.concatenate([piece.lines for piece in pieces]).tolist()
    assert lines == [*range(2, 12), *range(13, 34)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"<html><body>Sign in</body></html>", "web page"),
        (b"Day,Price\n2024-01-01,1\n", "missing columns: Date"),
        (b"Date,Cost\n2024-01-01,1\n", "missing columns: Price"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "binary"),
    ],
)
def test_a_file_that_the_mapping_does_not_fit_is_refused_as_a_whole(body, said):
    with pytest.raises(ProviderFormatError, match=said):
        read(body, **ONE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"symbol": None}, "exactly one of"),
        ({"value": None}, "value names the column"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"fixing_time": "25:00"}, "not a time"),
        ({"interval": "1x"}, "not an interval"),
        ({"decimal": ","}, "decimal must differ"),
        ({"symbol": "a,b"}, "alphabet of symbols"),
        ({"colour": "red"}, "colour"),
        ({"date_formats": ["YY"]}, "date_formats"),
        ({"dataset": "../etc"}, "dataset"),
    ],
)
def test_a_mapping_that_is_not_right_says_which_field(change, said, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({**ONE, **change}))

    with pytest.raises(InvalidInputError, match=said):
        CsvMapping.read(path)


def test_a_mapping_reads_the_same_from_toml_and_json(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(ONE))
    (tmp_path / "m.toml").write_text("\n".join(f'{key} = "{value}"' for key, value in ONE.items()))

    assert CsvMapping.read(tmp_path / "m.toml") == CsvMapping.read(tmp_path / "m.json")
    with pytest.raises(InvalidInputError, match="can't be read"):
        CsvMapping.read(tmp_path / "none.json")


async def test_a_csv_source_has_nothing_to_fetch():
    with pytest.raises(InvalidInputError, match="ingest a file"):
        CsvProvider(CsvMapping.model_validate(ONE)).fetch(None, None, None)
