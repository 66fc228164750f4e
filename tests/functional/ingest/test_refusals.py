"""Files as people give them: what is refused at the door, what stays, and what a late one changes of the later ones."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.factories.command import Command
from tests.factories.stores.fixtures import ENGINES
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import to_micros
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.series.reading import read_columns

WILD = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "wild"


@pytest.fixture(params=ENGINES)
def mktdash(request, databases, tmp_path):
    """The command on an empty store, once on each engine."""
    url = asyncio.run(databases.make(request.param, "empty"))
    yield Command(tmp_path, {"DATABASE_URL": url})
    databases.drop(url)


def wild(name):
    if not (WILD / name).is_file():
        pytest.skip(f"the recorded cases are not here: {WILD}")
    return WILD / name


def give(mktdash, file, mapping, *words):
    return mktdash("ingest", "csv", "--file", file, "--mapping", mapping, *words)


def values(mktdash, dataset, as_known_at=None):
    """Value by day and symbol of a dataset."""

    async def read():
        engine = open_engine(mktdash.env["DATABASE_URL"])
        found = {}
        async with read_transaction(engine) as conn:
            for series in await series_of_dataset(conn, dataset):
                columns = await read_columns(conn, series, as_known_at=as_known_at)
                days = [datetime.fromtimestamp(at / 1e6, UTC).strftime("%m-%d") for at in columns.as_of.tolist()]
                found |= {(series.symbol, day): value for day, value in zip(days, columns.value.tolist(), strict=True)}
        await engine.dispose()
        return found

    return asyncio.run(read())


def written(folder, name, content):
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_late_file_leaves_the_later_ones_as_their_own_mapping_reads_them(mktdash):
    new, old = wild("late-new.csv"), wild("late-old.csv")
    for file, mapping, known_at in ((new, "late-close", "2024-03-01"), (old, "late-adj", "2024-02-01")):
        words = ("--file", file, "--mapping", wild(f"{mapping}.mapping.json"), "--known-at", known_at)
        assert mktdash.apart("ingest", "csv", *words).code == 0

    assert values(mktdash, "late") == {("LATE", "01-02"): 200.0, ("LATE", "01-03"): 210.0}
    then = to_micros(datetime(2024, 2, 15, tzinfo=UTC))
    assert values(mktdash, "late", then) == {("LATE", "01-02"): 10.0}
    checked = mktdash("db", "check")
    assert (checked.code, checked.out) == (0, "1 series and 2 raw files checked, 0 problems\n")


@pytest.mark.parametrize(
    ("case", "stays"),
    [
        ("204-unclosed-quote", {"01-02": 10.0, "01-03": 11.0, "01-04": 12.0}),
        ("402-dup-conflict", {"01-02": 10.0, "01-03": 11.0}),
    ],
)
def test_a_row_that_cannot_be_read_withdraws_nothing_and_the_report_counts_what_was_kept(mktdash, case, stays):
    mapping = wild(f"{case}-replace.mapping.json")
    assert give(mktdash, wild(f"{case}-replace.csv"), mapping, "--replace-window").code == 0
    (report,) = json.loads(give(mktdash, wild(f"{case}-replace-2.csv"), mapping, "--replace-window", "--json").out)

    assert {day: value for (_, day), value in values(mktdash, f"wild-{case[:3]}").items()} == stays
    assert (report["retracted"], report["kept"]) == (0, len(stays) - report["same"])
    assert report["rejected"] > 0


MAPPING = {"dataset": "rows", "date": "Date", "symbol": "ROWS", "value": "Close", "positive": False}
DAYS = [f"2024-{month:02d}-{day:02d}" for month in (1, 2) for day in range(1, 29)]


def rows(changed=(), left_out=()):
    changed = dict(changed)
    return "Date,Close\n" + "".join(
        f"{changed.get(day, f'{day},{n}')}\n" for n, day in enumerate(DAYS) if day not in left_out
    )


@pytest.mark.parametrize(
    ("second", "retracted", "says"),
    [
        (rows(left_out=DAYS[5:7]), 2, ""),
        # Its cell cannot be read, but its day can: that one stays, the absent one goes.
        (
            rows({DAYS[3]: f"{DAYS[3]},oops"}, DAYS[5:6]),
            1,
            "kept 1 that the file leaves out, because a row could not be read",
        ),
        # Whose day cannot be read may be any day.
        (rows({DAYS[3]: "soon,3"}, DAYS[5:6]), 0, "kept 2 that the file leaves out, because a row could not be read"),
        # Two contents of one day: neither is believed, neither is absent.
        (rows({DAYS[3]: f"{DAYS[3]},3\n{DAYS[3]},4"}, DAYS[5:6]), 1, "kept 1"),
        # The source itself says that there is none.
        (rows({DAYS[3]: f"{DAYS[3]},"}), 1, ""),
        (rows({day: f"{day},oops" for day in DAYS[:9]}, DAYS[20:30]), 0, "retracted nothing, because too much"),
        ("Date,Close\n", 0, ""),
        (rows()[:-5], 0, "kept 1"),
    ],
    ids=["absent", "cell", "day", "conflict", "said none", "much", "no rows", "cut"],
)
def test_only_absence_withdraws(mktdash, tmp_path, second, retracted, says):
    mapping = written(tmp_path, "mapping.json", MAPPING)
    assert give(mktdash, written(tmp_path, "first.csv", rows()), mapping, "--replace-window").code == 0
    done = give(mktdash, written(tmp_path, "second.csv", second), mapping, "--replace-window")
    assert f"retracted {retracted}," in done.out, done.err
    assert says in done.out
    assert len(values(mktdash, "rows")) == len(DAYS) - retracted
    checked = mktdash("db", "check")
    assert (checked.code, checked.out.endswith(" 0 problems\n")) == (0, True), checked.out


@pytest.mark.parametrize(
    "content", ["", "<!DOCTYPE html><html><body>Please log in</body></html>\n", "Day,Price\n1,2\n"]
)
def test_a_file_that_is_no_such_file_withdraws_nothing(mktdash, tmp_path, content):
    mapping = written(tmp_path, "mapping.json", MAPPING)
    assert give(mktdash, written(tmp_path, "first.csv", rows()), mapping, "--replace-window").code == 0
    done = give(mktdash, written(tmp_path, "second.csv", content), mapping, "--replace-window")
    assert (done.code, done.err.startswith("mktdash: "), "Traceback" in done.err) == (1, True, False)
    assert len(values(mktdash, "rows")) == len(DAYS)


def test_what_a_source_gives_when_asked_is_never_the_whole_truth(mktdash):
    done = mktdash("ingest", "sim", "--replace-window")
    assert (done.code, done.out) == (1, "")
    assert "--replace-window needs --file" in done.err


def test_nothing_is_known_at_an_instant_that_is_still_to_come(mktdash):
    soon = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds").replace("+00:00", "Z")
    file, mapping = wild("407-known-at-in-future.csv"), wild("407-known-at-in-future.mapping.json")
    done = give(mktdash, file, mapping, "--known-at", soon)
    assert (done.code, done.out) == (1, "")
    assert f"nothing can be known at {soon} yet: now is {datetime.now(UTC).year}-" in done.err
    assert values(mktdash, "wild-407") == {}
    checked = mktdash("db", "check")
    assert checked.out == "0 series and 0 raw files checked, 0 problems\n"


def test_a_value_that_holds_long_after_it_was_known_is_refused_with_both_instants(mktdash, tmp_path):
    mapping = written(tmp_path, "mapping.json", MAPPING)
    file = written(tmp_path, "ahead.csv", "Date,Close\n2024-01-02,1\n2024-01-03,2\n2024-01-04,3\n2026-01-02,4\n")
    done = give(mktdash, file, mapping, "--known-at", "2024-01-02T12:00:00Z")
    # The next day's session is within the slack of a day; those after it are not.
    assert values(mktdash, "rows") == {("ROWS", "01-02"): 1.0, ("ROWS", "01-03"): 2.0}
    assert "rejected 2: FUTURE" in done.out


def answers_of(mktdash, *queries):
    """The answers of the web process over the command's store."""

    async def over():
        engine = open_engine(mktdash.env["DATABASE_URL"])
        async with web_over(resources_over(engine)) as web:
            found = [await web.ask(query) for query in queries]
        await engine.dispose()
        return found

    return asyncio.run(over())


def test_two_files_of_one_symbol_live_side_by_side(mktdash):
    for file, mapping in (("308-first", "308-first"), ("308-same-symbol-other-dataset",) * 2):
        done = give(mktdash, wild(f"{file}.csv"), wild(f"{mapping}.mapping.json"))
        assert (done.code, done.err) == (0, "")
    assert values(mktdash, "wild-306b") == {("W306", "01-02"): 612.2}
    assert values(mktdash, "wild-308") == {("W306", "01-03"): 99.0}

    chosen = 'symbol: "W306", source: "csv", dataset: "{}"'
    named = [
        f"{{ series({chosen.format(key)}) {{ id source dataset {{ key }} points {{ value }} }}"
        f' provenance({chosen.format(key)}, asOf: "2024-01-0{day}T00:00:00Z") {{ value batch {{ dataset }} }}'
        f" revisions({chosen.format(key)}) {{ totalCount }} }}"
        for key, day in (("wild-306b", 2), ("wild-308", 3))
    ]
    unnamed = '{ series(symbol: "W306") { dataset { key } } instrument(symbol: "W306") { series { id dataset } } }'
    neither = '{ series(symbol: "W306", dataset: "other") { id } }'
    first, second, either, none = answers_of(mktdash, *named, unnamed, neither)
    for answer, key, value in ((first, "wild-306b", 612.2), (second, "wild-308", 99.0)):
        assert answer["data"]["series"]["dataset"]["key"] == key, answer
        assert answer["data"]["series"]["points"]["value"] == [value]
        assert answer["data"]["provenance"] == {"value": value, "batch": {"dataset": key}}
    # The first by source, measure, interval and dataset, as the argument says.
    assert either["data"]["series"]["dataset"]["key"] == "wild-306b"
    assert len({one["id"] for one in either["data"]["instrument"]["series"]}) == 2
    available = none["errors"][0]["extensions"]["available"]
    assert [one["dataset"] for one in available] == ["wild-306b", "wild-308"]
    assert mktdash("db", "check").code == 0


def test_pounds_never_stand_beside_pence(mktdash):
    pence, pounds = "306-two-mappings-same-series-other-unit", "307-two-mappings-same-series-other-unit-b"
    assert give(mktdash, wild(f"{pence}.csv"), wild(f"{pence}.mapping.json")).code == 0
    done = give(mktdash, wild(f"{pounds}.csv"), wild(f"{pounds}.mapping.json"))
    assert (done.code, done.out) == (1, "")
    assert "the series W306|wild-306|price|1d|none has the unit 'GBX', and what is given has 'GBP'" in done.err
    assert values(mktdash, "wild-306") == {("W306", "01-02"): 612.2}
    assert mktdash("db", "check").out.startswith("1 series and 1 raw files")


MEASURED = {"dataset": "held", "date": "Date", "symbol": "HELD", "value": "Close", "unit": "USD", "currency": "USD"}


@pytest.mark.parametrize(
    ("differing", "says"),
    [
        ({"unit": "EUR"}, "unit 'USD', and what is given has 'EUR'"),
        ({"unit_scale": 0.01}, "scale 1.0, and what is given has 0.01"),
        ({"currency": "EUR"}, "currency 'USD', and what is given has 'EUR'"),
        ({"positive": False}, "rule that values are positive True, and what is given has False"),
        ({"timezone": "America/New_York"}, "timezone 'UTC', and what is given has 'America/New_York'"),
        ({"fixing_time": "16:00"}, "fixing time '00:00', and what is given has '16:00'"),
    ],
)
def test_what_the_numbers_of_a_series_mean_never_changes_under_it(mktdash, tmp_path, differing, says):
    first = written(tmp_path, "first.csv", "Date,Close\n2024-01-02,1\n")
    assert give(mktdash, first, written(tmp_path, "one.json", MEASURED)).code == 0
    second = written(tmp_path, "second.csv", "Date,Close\n2024-01-03,2\n")
    done = give(mktdash, second, written(tmp_path, "two.json", MEASURED | differing))
    assert (done.code, done.out) == (1, "")
    assert says in done.err
    assert values(mktdash, "held") == {("HELD", "01-02"): 1.0}
    # What is not about the numbers may be corrected.
    words = written(tmp_path, "words.json", MEASURED | {"title": "Held", "licence": "public"})
    assert give(mktdash, second, words).code == 0


def test_what_is_measured_otherwise_stands_in_another_series(mktdash, tmp_path):
    file = written(tmp_path, "first.csv", "Date,Close\n2024-01-02,1\n")
    for n, differing in enumerate(({}, {"measure": "yield"}, {"interval": "1w"}, {"adjustment": "split"})):
        done = give(mktdash, file, written(tmp_path, f"{n}.json", MEASURED | differing))
        assert (done.code, "new 1," in done.out) == (0, True), done.err


def test_a_file_does_not_take_the_dataset_of_another_source(mktdash, tmp_path):
    assert mktdash("ingest", "sim").code == 0
    mapping = written(tmp_path, "mapping.json", MEASURED | {"dataset": "sim-ticks"})
    done = give(mktdash, written(tmp_path, "first.csv", "Date,Close\n2024-01-02,1\n"), mapping)
    assert (done.code, "the dataset sim-ticks has the source 'sim'" in done.err) == (1, True), done.err


def test_a_long_file_that_is_refused_for_its_last_row_stores_nothing(mktdash, tmp_path):
    by_symbol = {**MEASURED, "symbol": None, "symbol_column": "Symbol"}
    first = written(tmp_path, "first.csv", "Date,Symbol,Close\n2024-01-02,Z,1\n")
    assert give(mktdash, first, written(tmp_path, "one.json", by_symbol)).code == 0
    # More than one transaction takes.
    days = [date(1995, 1, 1) + timedelta(days=n) for n in range(10_400)]
    many = "".join(f"{day},{letter},1\n" for day in days for letter in "ABCDEFGHIJKLMNOPQRSTUVWXY")
    second = written(tmp_path, "second.csv", f"Date,Symbol,Close\n{many}2024-01-02,Z,1\n")
    done = give(mktdash, second, written(tmp_path, "two.json", by_symbol | {"unit": "EUR", "currency": None}))
    assert (done.code, "the series Z|held|" in done.err) == (1, True), done.err
    assert values(mktdash, "held") == {("Z", "01-02"): 1.0}
