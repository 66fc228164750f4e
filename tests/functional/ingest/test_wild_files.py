"""Files as they are found in the world, given to ``mktdash ingest`` as a user would: what is kept, and what is refused.

The recorded cases are rebuilt from public reports of what other tools got wrong; the samples beside them are our own.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select
from tests.factories.stores.fixtures import ENGINES
from typer.testing import CliRunner

from mktdash.cli.main import app
from mktdash.domain.clock import iso
from mktdash.domain.errors import MktdashError
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.series.reading import read_columns
from mktdash.store.tables.batches import Quarantine

WILD = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "wild"
# Those about windows, known times and datasets are told in the tests of the store's door.
OF_THE_DOOR = {"late", 204, 307, 308, 402, 407}
CSV = {
    2: ("02-german-decimals-mapping-left-default", "two decimal marks: '1.234' .* beside '987,5'", {}),
    4: ("04-quoted-thousands-comma", "'1,23' is not a number", {"W04": [1234.5, 12345.0]}),
    9: ("09-cr-only-line-ends", None, {"W09": [10.5, 11.0]}),
    18: ("18-epoch-seconds-read-as-ms", r"UNIX \(seconds\) is likely meant", {}),
    22: ("22-day-month-mixed", None, {"W22": [10.0, 11.0, 12.0]}),
    42: ("42-duplicate-column-names", "ambiguous: several columns are called Close", {}),
    44: ("44-negative-yields", None, {"W44": [-0.226, -0.287, 0.0]}),
    47: ("47-trailing-commas", None, {"W47": [10.0, 11.0]}),
    54: ("54-unclosed-quote", "a quote is not closed", {"W54": [11.0, 12.0]}),
    211: ("211-dst-gap-alone", "'2024-03-31 02:30:00' does not exist in Europe/Berlin", {}),
}
TICKERS = "BRK.B BRK-B ^DJI BTC/USD EURUSD=X 0700.HK .INX ÅKER 株 M&M.NS $SPX ES=F RDS.A*".split()  # noqa: SIM905 - a list of words


@dataclass(frozen=True)
class Outcome:
    """What the command said and what is in the store after it."""

    report: dict
    values: dict[str, list[float]]
    instants: dict[str, list[str]]
    rows: list
    refused: list
    error: str = ""


class Store:
    """A store of the test's own, reached by the command line alone."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ingest(self, source: str, file: Path, mapping: Path | None = None, *options: str) -> Outcome:
        words = ["ingest", source, "--file", str(file), "--json", *options]
        done = CliRunner().invoke(app, [*words, *(["--mapping", str(mapping)] if mapping else [])])
        if done.exit_code:
            # The command's entry point says a MktdashError in a sentence; anything else would be a stack trace.
            assert isinstance(done.exception, MktdashError), done.exception
            report, error = {}, done.exception.message
        else:
            (report,), error = json.loads(done.stdout), ""
        values, instants, rows, refused = asyncio.run(self._stored())
        return Outcome(report, values, instants, rows, refused, error)

    async def _stored(self):
        engine = open_engine(self.url)
        values, instants, rows = {}, {}, []
        try:
            async with read_transaction(engine) as conn:
                for dataset in ("wild", *(f"wild-{n:02d}" for n in (*CSV, 50)), "yahoo-daily", "binance-ohlc-1m"):
                    for row in await series_of_dataset(conn, dataset):
                        columns = await read_columns(conn, row)
                        values[row.symbol] = columns.value.tolist()
                        instants[row.symbol] = [iso(int(one)) for one in columns.as_of]
                        rows.append(row)
                refused = (await conn.execute(select(Quarantine.__table__))).all()
        finally:
            await engine.dispose()
        return values, instants, rows, refused


@pytest.fixture(params=ENGINES)
def store(request, databases, tmp_path, monkeypatch, redis_url):
    url = asyncio.run(databases.make(request.param, "empty"))
    monkeypatch.setenv("MKTDASH_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    yield Store(url)
    databases.drop(url)


def wild(name: str) -> Path:
    path = WILD / name
    if not path.is_file():
        pytest.skip(f"the recorded case is not here: {path}")
    return path


def test_every_recorded_case_has_a_test():
    cases = {one["case"] for one in orjson.loads(wild("cases.json").read_bytes())}

    assert cases == {*CSV, *OF_THE_DOOR, 50, 101, 102, 141}


@pytest.mark.parametrize("case", CSV)
def test_a_recorded_file_is_read_right_or_refused_with_the_reason(store, case):
    name, said, kept = CSV[case]
    told = store.ingest("csv", wild(f"{name}.csv"), wild(f"{name}.mapping.json"))

    assert {symbol: values for symbol, values in told.values.items() if values} == kept
    assert told.report.get("rejected", 0) == len(told.refused)
    reasons = [told.error, *(one.reason for one in told.refused)]
    if said is None:
        assert reasons == [""]
    else:
        assert any(re.search(said, reason) for reason in reasons), reasons


def test_a_recorded_column_of_two_orders_is_read_in_one(store):
    told = store.ingest("csv", wild("22-day-month-mixed.csv"), wild("22-day-month-mixed.mapping.json"))

    assert [one[:10] for one in told.instants["W22"]] == ["2024-01-03", "2024-01-04", "2024-01-15"]


def test_recorded_tickers_of_the_world_are_all_kept(store):
    told = store.ingest("csv", wild("50-odd-symbols.csv"), wild("50-odd-symbols.mapping.json"))

    assert sorted(told.values) == sorted([*TICKERS, "BF B"])
    assert sorted(value for values in told.values.values() for value in values) == [float(n) for n in range(1, 15)]
    assert told.report["rejected"] == 0


def test_yahoos_pence_are_never_dollars(store):
    told = store.ingest("yahoo", wild("101-yahoo-gbp-pence.json"))

    assert "in GBp (GBX: GBP x 0.01), and its listing is in USD" in told.error
    assert not told.values


def test_yahoos_price_of_the_moment_does_not_take_the_close_with_it(store):
    told = store.ingest("yahoo", wild("102-yahoo-live-row.json"))

    assert told.values == {"AAPL": [185.64, 184.25]}
    assert told.instants["AAPL"][-1] == "2024-01-03T21:00:00Z"
    assert told.report["rejected"] == 0
    assert (told.report["records"], told.report["skipped"]) == (3, {"unfinished": 1})


def test_binances_microseconds_are_read_as_such(store, tmp_path):
    file = tmp_path / "BTCUSDT.json"
    file.write_bytes(wild("141-binance-us-times.json").read_bytes())
    told = store.ingest("binance", file)

    assert told.instants == {"BTC-USDT": ["2025-01-01T00:01:00Z"]}


ONE = {"dataset": "wild", "date": "Date", "symbol": "W", "value": "Close"}
DAYS = ["2024-01-02", "2024-01-03", "2024-01-04"]


def sample(store, tmp_path, body: str | bytes, **mapping):
    file, described = tmp_path / "sample.csv", tmp_path / "sample.json"
    file.write_bytes(body.encode() if isinstance(body, str) else body)
    described.write_bytes(orjson.dumps({**ONE, **mapping}))
    return store.ingest("csv", file, described)


def column(cells, header="Date,Close", dates=DAYS, mark=","):
    return "\n".join([header, *(f"{day}{mark}{cell}" for day, cell in zip(dates, cells, strict=False))]) + "\n"


@pytest.mark.parametrize(
    ("body", "mapping", "said"),
    [
        (column(["1.234", "1.240", "987,5"], "Date;Close", mark=";"), {"delimiter": ";"}, "'1.234' .* '987,5'"),
        (column(["10.5", "2,75"], "Date;Close", mark=";"), {"delimiter": ";"}, "'10.5' .* '2,75'"),
        (column(["1.234", "1.234.567"]), {}, "'1.234' .* '1.234.567'"),
        (column(["1.234", "987.5"], "Date;Close", mark=";"), {"delimiter": ";", "decimal": ","}, "'1.234' .* '987.5'"),
        (column(['"1.234"', '"987,5"']), {}, "'1.234' .* '987,5'"),
        (column("12", dates=["03/01/2024", "04/01/2024"]), {"date_formats": ["MM/DD/YYYY", "DD/MM/YYYY"]}, "both"),
        (column("12", dates=["13/01/2024", "01/14/2024"]), {"date_formats": ["MM/DD/YYYY", "DD/MM/YYYY"]}, "two ord"),
        (column("12", dates=["03/01/2024", "15/01/2024"]), {"date_formats": ["MM/DD/YYYY"]}, "DD/MM/YYYY"),
        (column("12", dates=["03-01-2024", "04-01-2024"]), {"date_formats": ["MM-DD-YYYY", "DD-MM-YYYY"]}, "both"),
        (column("1", dates=["1735689600"]), {"date_formats": ["UNIX-US"]}, "UNIX .seconds"),
        (column("1", dates=["1735689600000"]), {"date_formats": ["UNIX"]}, "UNIX-MS .milliseconds"),
        (column("1", dates=["1735689600000000"]), {"date_formats": ["UNIX-MS"]}, "UNIX-US .microseconds"),
        (column("1", dates=["1735689600000000000"]), {"date_formats": ["UNIX-MS"]}, "UNIX-NS .nanoseconds"),
        (column("1", dates=["45293"]), {}, "EXCEL"),
        (column("1", dates=["45293.5"]), {"date_formats": ["UNIX"]}, "EXCEL"),
        (column("1", dates=["20240102"]), {"date_formats": ["UNIX"]}, "YYYYMMDD"),
        ("Date,Close,Date\n2024-01-02,1,2024-01-03\n", {}, "ambiguous: several columns are called Date"),
        ("Date,Cl\xf6se\n2024-01-02,1\n".encode("latin-1"), {}, "not utf-8 .*cp1252"),
        (column("12").encode("utf-16-le"), {}, "UTF-16 without a byte order mark"),
        (b"\xff\xfeD\x00a", {}, "not utf-16"),
        ("one\ntwo\nDate,Close\n2024-01-02,1\n", {}, "missing columns: "),
        ("one\ntwo\n", {"find_header": True}, "no header line with the columns Close, Date"),
    ],
)
def test_a_file_that_can_be_read_in_two_ways_or_in_none_is_refused_whole(store, tmp_path, body, mapping, said):
    told = sample(store, tmp_path, body, **mapping)

    assert re.search(said, told.error), told
    assert not told.values


BERLIN = {"timezone": "Europe/Berlin"}
GERMAN = {"delimiter": ";", "decimal": ",", "thousands": "."}
NEGATIVE = {**GERMAN, "parentheses": True, "positive": False}
SCHLUSS = {"encoding": "cp1252", "date": "Tag", "value": "Schlu\xdf"}
NAMED = {"delimiter": ";", "date_formats": ["DD-MON-YYYY", "MON-DD-YYYY"]}


@pytest.mark.parametrize(
    "case",
    [
        (
            column(['"1,234.50"', '"1,23"', '"12,345"']),
            {"thousands": ","},
            [1234.5, 12345.0],
            ["'1,23' is not a number"],
        ),
        (column(["1.234,5", "987,5"], "Date;Close", mark=";"), GERMAN, [1234.5, 987.5], []),
        (
            column(["1\u00a0234,5", "2\u202f345", "3 456"], mark=","),
            {"thousands": " "},
            [2345.0, 3456.0],
            ["fields, the header has 2"],
        ),
        (column(["\u22121.5", "2"]), {"positive": False}, [-1.5, 2.0], []),
        (
            column(["(1,5)", "2"], "Date;Close", mark=";"),
            {**GERMAN, "parentheses": True, "positive": False},
            [-1.5, 2.0],
            [],
        ),
        (column(["(1.5)", "2"]), {}, [2.0], ["'(1.5)' is not a number"]),
        (column(["5%", "2.5 %"]), {"suffixes": {"%": 1}}, [5.0, 2.5], []),
        (column(["5%", "2"]), {}, [2.0], ["'5%' is not a number"]),
        (column(["1.2K", "3.45M", "0.5B"]), {"suffixes": {"K": 1e3, "M": 1e6, "B": 1e9}}, [1200.0, 3.45e6, 5e8], []),
        (column(["1.2K", "3.45M", "5"]), {}, [5.0], ["'1.2K' is not a number", "'3.45M' is not a number"]),
        (column(["1.2e3K", "2"]), {"suffixes": {"K": 1000}}, [2.0], ["'1.2e3K' is not a number"]),
        ("Date,Close\r2024-01-02,1\r2024-01-03,2\r", {}, [1.0, 2.0], []),
        ("Date,Close\r\n2024-01-02,1\r2024-01-03,2\n2024-01-04,3", {}, [1.0, 2.0, 3.0], []),
        ("\ufeffDate,Close\n2024-01-02,1\n", {}, [1.0], []),
        (column("12").encode("utf-16"), {}, [1.0, 2.0], []),
        (b"\xfe\xff" + column("12").encode("utf-16-be"), {}, [1.0, 2.0], []),
        (column("12").encode("utf-16-be"), {"encoding": "utf-16-be"}, [1.0, 2.0], []),
        (
            "Tag;Schlu\xdf\n2024-01-02;1\n".encode("cp1252"),
            {"delimiter": ";", "encoding": "cp1252", "date": "Tag", "value": "Schlu\xdf"},
            [1.0],
            [],
        ),
        ("House prices\n\nas of today\nDate,Close\n2024-01-02,1\n", {"skip_lines": 3}, [1.0], []),
        (
            "House prices, all\nDate,Close\n2024-01-02,1\nSource: the house\n",
            {"find_header": True},
            [1.0],
            ["the header has"],
        ),
        (column("12", dates=["2-Jan-2024", "03 January 2024"]), {"date_formats": ["DD-MON-YYYY"]}, [1.0, 2.0], []),
        (
            column("12", "Date;Close", ["Jan 2, 2024", "March 3 2024"], ";"),
            {"delimiter": ";", "date_formats": ["MON-DD-YYYY"]},
            [1.0, 2.0],
            [],
        ),
        (
            column("12", dates=["30-Feb-2024", "1-Foo-2024"]),
            {"date_formats": ["DD-MON-YYYY"]},
            [],
            ["'30-Feb-2024' is not DD-MON-YYYY", "'1-Foo-2024' is not DD-MON-YYYY"],
        ),
        ("Date,Close,,\n2024-01-02,1,,\n2024-01-03,2,,\n,,,\n", {}, [1.0, 2.0], []),
        ("Date,Close\n2024-01-02,1,,x\n2024-01-03,2,,\n,,,\n", {}, [2.0], ["fields, the header has 2"]),
        (
            'Date,Close\n2024-01-02,"1\n2024-01-03,"2"\n2024-01-04,3"\n',
            {},
            [2.0],
            ["a quote is not closed", "'3\"' is not a number"],
        ),
        ('Date,Close,Note\n2024-01-02,1,"two\nlines"\n2024-01-03,"2",x\n', {}, [1.0, 2.0], []),
        ('Date,Close\n2024-01-02,"1" x\n2024-01-03,2\n', {}, [2.0], ["quotes are not right"]),
        ('Date,Close\n"2024-01-02","10\n"2024-01-03","11"\n', {}, [11.0], ["a quote is not closed"]),
        (column(["1.5", "2"], dates=["2024-01-02", "2024-01-02 \u202e"]), {}, [1.5], [r"'2024-01-02 \u202e' is not"]),
        (column(["-0.5", "0", "1"]), {"measure": "yield"}, [-0.5, 0.0, 1.0], []),
        (column(["-0.5", "0", "1"]), {"measure": "rate", "asset_class": "RATE"}, [-0.5, 0.0, 1.0], []),
        (column(["-0.5", "0", "1"]), {"measure": "rate", "asset_class": "FX"}, [1.0], ["zero or below"] * 2),
        (column(["-0.5", "0", "1"]), {"measure": "yield", "positive": True}, [1.0], ["zero or below"] * 2),
    ],
)
def test_what_is_good_is_kept_and_the_rest_refused_in_the_files_own_words(store, tmp_path, case):
    body, mapping, kept, refused = case
    told = sample(store, tmp_path, body, **mapping)

    assert not told.error
    assert told.values.get("W", []) == kept
    reasons = [one.reason for one in told.refused]
    assert told.report["rejected"] == len(reasons) == len(refused)
    for said, reason in zip(refused, reasons, strict=True):
        assert said in reason


@pytest.mark.parametrize(
    "case",
    [
        (["YYYY-MM"], ["2024-02"], {}, ["2024-02-01T00:00:00Z"]),
        (["YYYY-MM"], ["2024-02"], {"period_end": True}, ["2024-02-29T00:00:00Z"]),
        (["YYYY-QN"], ["2024Q1", "2024-Q2", "2024 Q4"], {}, ["2024-01-01", "2024-04-01", "2024-10-01"]),
        (["YYYY-QN"], ["2023Q4"], {"period_end": True}, ["2023-12-31T00:00:00Z"]),
        (["YYYY"], ["2022"], {"period_end": True}, ["2022-12-31T00:00:00Z"]),
        (["MON-YYYY"], ["Feb 2024", "September-2023"], {}, ["2023-09-01", "2024-02-01"]),
        (
            ["EXCEL"],
            ["45293", "45294.604166666664"],
            {"timezone": "Europe/Berlin"},
            ["2024-01-01T23:00:00Z", "2024-01-03T13:30:00Z"],
        ),
        (["UNIX"], ["-86400", "0"], {"earliest": "1960-01-01"}, ["1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"]),
        (["UNIX-NS"], ["1735689600123456789"], {}, ["2025-01-01T00:00:00.123456Z"]),
        (["MM/DD/YYYY", "DD/MM/YYYY"], ["03/04/2024", "05/31/2024"], {}, ["2024-03-04", "2024-05-31"]),
        (["MM/DD/YYYY"], ["03/04/2024"], {}, ["2024-03-04"]),
        (["MM/DD/YYYY", "DD/MM/YYYY"], ["03/03/2024"], {}, ["2024-03-03"]),
    ],
)
def test_dates_are_the_days_that_were_meant(store, tmp_path, case):
    formats, cells, mapping, instants = case
    told = sample(store, tmp_path, column("123", dates=cells), date_formats=formats, **mapping)

    assert [one[: len(said)] for one, said in zip(told.instants["W"], instants, strict=True)] == instants


@pytest.mark.parametrize("newest_first", [False, True])
def test_an_autumn_night_has_both_its_hours(store, tmp_path, newest_first):
    times = [f"2024-10-27 {hour:02d}:00:00" for hour in (0, 1, 2, 2, 3)]
    cells = ["1", "2", "3", "4", "5"]
    order = slice(None, None, -1 if newest_first else 1)
    berlin = {"timezone": "Europe/Berlin", "interval": "1h"}
    told = sample(store, tmp_path, column(cells[order], dates=times[order]), **berlin)

    assert told.values == {"W": [1.0, 2.0, 3.0, 4.0, 5.0]}
    assert told.instants["W"] == [
        "2024-10-26T22:00:00Z",
        "2024-10-26T23:00:00Z",
        "2024-10-27T00:00:00Z",
        "2024-10-27T01:00:00Z",
        "2024-10-27T02:00:00Z",
    ]


def test_an_autumn_night_of_half_hours_and_several_symbols_is_told_apart_by_the_step_back(store, tmp_path):
    times = ["02:00", "02:30", "02:00", "02:30"]
    rows = [f"2024-10-27 {time},{symbol},{n}" for n, time in enumerate(times, start=1) for symbol in ("A", "B")]
    long = {"symbol": None, "symbol_column": "Sym", "timezone": "Europe/Berlin", "interval": "30m"}
    told = sample(store, tmp_path, "\n".join(["Date,Sym,Close", *rows]), **long)

    assert told.values == {"A": [1.0, 2.0, 3.0, 4.0], "B": [1.0, 2.0, 3.0, 4.0]}
    assert [one[11:16] for one in told.instants["A"]] == ["00:00", "00:30", "01:00", "01:30"]


def test_a_time_in_an_autumn_night_that_stands_alone_is_the_first_of_the_two(store, tmp_path):
    for times in (["01:00", "02:00", "03:00"], ["03:00", "02:00", "01:00"]):
        dates = [f"2024-10-27 {time}" for time in times]
        told = sample(store, tmp_path, column("123", dates=dates), timezone="Europe/Berlin", interval="1h")
        assert "2024-10-27T00:00:00Z" in told.instants["W"]
        assert "2024-10-27T01:00:00Z" not in told.instants["W"]


def test_a_symbol_that_can_be_none_is_refused_by_its_letter_and_the_others_go_on(store, tmp_path):
    rows = ["A<B", "A;B", "x\\y", "GOOD", "N" * 65, "N" * 200, ""]
    body = "\n".join(["Date,Sym,Close", *(f"2024-01-02,{symbol},1" for symbol in rows)])
    told = sample(store, tmp_path, body, symbol=None, symbol_column="Sym")

    assert told.values == {"GOOD": [1.0]}
    assert told.report["rejected"] == len(rows) - 1
    said = {one.reason for one in told.refused if one.code == "BAD_SYMBOL"}
    assert sum("alphabet of symbols" in one for one in said) == 3
    assert any("'<'" in one for one in said)


def test_what_is_refused_is_shown_short_and_harmless(store, tmp_path):
    told = sample(store, tmp_path, f"Date,Close\n2024-01-02,\x1b[31m{'9' * 3000}x\n2024-01-03,1\n")

    (refused,) = told.refused
    assert refused.raw.startswith("2024-01-02,\\x1b[31m999")
    assert len(refused.raw) == 500
    assert len(refused.reason) < 300
    assert told.values == {"W": [1.0]}


@pytest.mark.parametrize(
    ("mapping", "what"),
    [
        ({"currency": "GBp"}, ("GBX", "GBP", 0.01)),
        ({"currency": "GBX"}, ("GBX", "GBP", 0.01)),
        ({"currency": "GBP", "unit": "GBp"}, ("GBX", "GBP", 0.01)),
        ({"currency": "GBP"}, ("GBP", "GBP", 1.0)),
        ({"currency": "USX"}, ("USX", "USD", 0.01)),
    ],
)
def test_pence_are_a_hundredth_of_a_pound_whatever_they_are_called(store, tmp_path, mapping, what):
    unit, currency, scale = what
    told = sample(store, tmp_path, column("1"), **mapping)

    (row,) = told.rows
    assert (row.unit, row.unit_scale) == (unit, scale)
    assert CsvMapping.model_validate({**ONE, **mapping}).series_spec("W").instrument.currency == currency


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"seperator": ";"}, "seperator: unknown key"),
        ({"thousand": ","}, "did you mean thousands"),
        ({"currency": "XYZ"}, "not an ISO 4217 code"),
        ({"currency": "GBX", "unit": "GBP"}, "leave one of them out"),
        ({"suffixes": {"K": 1024}}, "not a power of ten"),
        ({"suffixes": {"0": 10}}, "part of the number"),
        ({"earliest": "2024-02-30"}, "earliest"),
        ({"encoding": "rot13"}, "encoding"),
        ({"delimiter": "\u00b6"}, "delimiter"),
    ],
)
def test_a_mapping_that_is_wrong_is_refused_by_the_name_of_its_key(store, tmp_path, mapping, said):
    told = sample(store, tmp_path, column("1"), **mapping)

    assert said in told.error
