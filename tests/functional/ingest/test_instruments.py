"""Who is who: imports that are checked row by row, names with dates, and renamed tickers that keep their history."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, day, scripted
from tests.factories.stores.urls import upgrade_url
from typer.testing import CliRunner

from mktdash.cli.main import app
from mktdash.domain.clock import to_micros
from mktdash.domain.errors import InvalidInputError, UnknownSymbolError
from mktdash.domain.instrument import AssetClass, InstrumentSpec
from mktdash.ingest.replay import replay_from_raw
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.store.catalogue.instrument_import import Entry, NamePeriod, import_instruments
from mktdash.store.catalogue.instruments import instrument_by_symbol
from mktdash.store.catalogue.series import series_by_symbol, series_of_dataset
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.series.reading import read_columns

KNOWN = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RENAMED = day(10)
HEADER = "symbol,name,asset_class,currency,mic,figi,source,alias,valid_from,valid_to\n"


def entry(line, symbol, alias=None, valid_from=0, valid_to=None, *, name="Meta Platforms"):
    period = None if alias is None else NamePeriod("scripted", alias, valid_from, valid_to)
    return Entry(line, InstrumentSpec(symbol, name, AssetClass.EQUITY, "USD", "XNAS"), period)


RENAMING = [entry(2, "META", "FB", 0, RENAMED), entry(3, "META", "META", RENAMED)]


async def imported(engine, entries, *, skip_bad=False):
    async with write_transaction(engine) as conn:
        return await import_instruments(conn, entries, skip_bad=skip_bad)


async def ingest_values(engine, said, hours=0, **options):
    return await ingest(engine, scripted(said, KNOWN + timedelta(hours=hours)), now=NOW, **options)


async def stored(engine):
    async with read_transaction(engine) as conn:
        found = {}
        for series in await series_of_dataset(conn, "scripted-daily"):
            columns = await read_columns(conn, series)
            if len(columns):
                found[series.symbol] = dict(zip(columns.as_of.tolist(), columns.value.tolist(), strict=True))
        return found


async def test_a_renamed_ticker_keeps_its_history_and_what_it_was_nobodys_name_for_is_refused(engine):
    assert (await imported(engine, RENAMING)).aliases_new == 2
    report = await ingest_values(engine, {"FB": {5: 1.0, 20: 9.0}, "META": {5: 8.0, 20: 2.0}})
    assert (report.new, dict(report.codes)) == (2, {"NO_IDENTITY": 2})
    assert await stored(engine) == {"META": {day(5): 1.0, day(20): 2.0}}


async def test_a_whole_file_under_the_new_name_withdraws_nothing_of_the_old_ones_time(engine):
    await imported(engine, RENAMING)
    await ingest_values(engine, {"FB": {5: 1.0}, "META": {20: 2.0}})
    report = await ingest_values(engine, {"META": {21: 3.0}}, hours=1, replace_window=True)
    assert (report.new, report.retracted) == (1, 1)
    assert await stored(engine) == {"META": {day(5): 1.0, day(21): 3.0}}


async def test_an_import_after_the_fact_takes_hold_with_a_replay(engine):
    await ingest_values(engine, {"FB": {5: 1.0}, "META": {20: 2.0}})
    assert await stored(engine) == {"FB": {day(5): 1.0}, "META": {day(20): 2.0}}
    await imported(engine, RENAMING)
    since = to_micros(KNOWN - timedelta(days=1))
    for _ in range(2):
        async for _report in replay_from_raw(engine, lambda _batch: ScriptedProvider(), since=since, clock=lambda: NOW):
            pass
    assert await stored(engine) == {"META": {day(5): 1.0, day(20): 2.0}}


async def test_a_name_means_whom_it_meant_at_the_time(engine):
    await imported(engine, [*RENAMING, entry(4, "FBETF", "FB", day(1000), name="A fund that took the letters")])
    await ingest_values(engine, {"FB": {5: 1.0, 1200: 30.0}})
    async with read_transaction(engine) as conn:
        then = await instrument_by_symbol(conn, "FB", day(5))
        now = await instrument_by_symbol(conn, "FB", day(1200))
        assert (then.symbol, now.symbol, (await instrument_by_symbol(conn, "FB")).symbol) == ("META", "FBETF", "FBETF")
        assert (await series_by_symbol(conn, "FB", at=day(5))).symbol == "META"
        with pytest.raises(UnknownSymbolError):
            await instrument_by_symbol(conn, "NOBODY", day(5))


async def test_importing_twice_changes_nothing_and_a_period_can_be_ended_later(engine):
    open_ended = [entry(2, "META", "FB")]
    assert (await imported(engine, open_ended)).new == 1
    again = await imported(engine, open_ended)
    assert (again.new, again.same, again.aliases_new, again.aliases_same) == (0, 1, 0, 1)
    ended = await imported(engine, RENAMING)
    assert (ended.aliases_new, ended.aliases_changed, list(ended.refused)) == (1, 1, [])


async def test_periods_of_one_name_never_overlap_in_the_file_or_with_what_is_stored(engine):
    await imported(engine, [entry(2, "META", "FB", 0, RENAMED)])
    wrong = [
        entry(2, "OTHER", "FB", day(9)),
        entry(3, "GOOD", "GD", 0, day(5)),
        entry(4, "GOOD", "GD", day(4)),
        entry(5, "GOOD", name="Two names for one"),
    ]
    refused = await imported(engine, wrong)
    assert [(one.line, one.field) for one in refused.refused] == [(2, "alias"), (4, "alias"), (5, "name")]
    assert (refused.new, refused.aliases_new) == (0, 0)
    async with read_transaction(engine) as conn:
        with pytest.raises(UnknownSymbolError):
            await instrument_by_symbol(conn, "GOOD")
    partly = await imported(engine, wrong, skip_bad=True)
    assert (partly.new, partly.aliases_new, len(partly.refused)) == (1, 1, 3)


async def test_two_imports_at_once_take_turns(engine):
    entries = [entry(n, f"S{n:03d}", f"A{n:03d}") for n in range(50)]
    done = await asyncio.gather(*(imported(engine, order) for order in (entries, entries[::-1], entries)))
    assert sorted((one.new, one.same) for one in done) == [(0, 50), (0, 50), (50, 0)]


@pytest.fixture
def mktdash(tmp_path, monkeypatch):
    """The command on an empty store of its own; the file it reads is given as text."""
    monkeypatch.setenv("MKTDASH_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    asyncio.run(upgrade_url(f"sqlite+aiosqlite:///{tmp_path / 'mktdash.db'}"))
    file = tmp_path / "instruments.csv"

    def run(*words, rows=None, header=HEADER):
        if rows is not None:
            file.write_text(header + rows, encoding="utf-8")
            words = (*words, str(file))
        return CliRunner().invoke(app, ["instruments", *words])

    return run


def test_every_bad_row_is_named_with_its_line_field_and_reason_and_nothing_is_stored(mktdash):
    rows = (
        "IBM,IBM,EQUITY,USD,XNYS,BBG000BLNNH6,,,,\n"
        "bad<symbol,X,EQUITY,,,,,,,\n"
        "A,,EQUITY,,,,,,,\n"
        "B,B,STONES,,,,,,,\n"
        "C,C,EQUITY,GBX,,,,,,\n"
        "D,D,EQUITY,ZZZ,,,,,,\n"
        "E,E,EQUITY,USD,nyse,,,,,\n"
        "F,F,EQUITY,USD,XNYS,BBG000BLNNH7,,,,\n"
        "G,G,EQUITY,,,,csv,,,\n"
        "H,H,EQUITY,,,,,H,,\n"
        "I,I,EQUITY,,,,csv,I,soon,\n"
        "J,J,EQUITY,,,,csv,J,2022-06-09,2022-06-09\n"
        "K,K\n"
    )
    result = mktdash("import", "--json", rows=rows)
    assert result.exit_code == 1
    said = [(one["line"], one["field"]) for one in json.loads(result.stdout)["refused"]]
    fields = ["symbol", "name", "asset_class", "currency", "currency", "mic", "figi", "alias", "source"]
    assert said == list(zip(range(3, 15), [*fields, "valid_from", "valid_to", "row"], strict=True))
    assert json.loads(mktdash("list", "--json").stdout) == []
    assert "GBP x 0.01" in mktdash("import", rows=rows).stderr
    skipped = mktdash("import", "--skip-bad", "--json", rows=rows)
    assert (skipped.exit_code, json.loads(skipped.stdout)["new"]) == (0, 1)


def test_what_was_imported_is_listed_with_its_names(mktdash):
    rows = (
        "META,Meta Platforms,EQUITY,USD,XNAS,,csv,FB,,2022-06-09\n"
        "META,Meta Platforms,EQUITY,USD,XNAS,,csv,META,2022-06-09,\n"
    )
    assert mktdash("import", rows=rows).exit_code == 0
    (listed,) = json.loads(mktdash("list", "--json").stdout)
    assert (listed["symbol"], listed["currency"], listed["mic"]) == ("META", "USD", "XNAS")
    assert [(one["symbol"], one["valid_from"], one["valid_to"]) for one in listed["aliases"]] == [
        ("FB", None, "2022-06-09T00:00:00Z"),
        ("META", "2022-06-09T00:00:00Z", None),
    ]
    assert "csv: FB to 2022-06-09" in mktdash("list", "--search", "FB").stdout


@pytest.mark.parametrize("header", ["symbol,name\n", "symbol,name,asset_class,colour\n"])
def test_a_file_with_other_columns_is_refused_whole(mktdash, header):
    assert isinstance(mktdash("import", rows="A,A\n", header=header).exception, InvalidInputError)


async def test_prices_in_pence_are_told_with_their_scale(engine):
    provider = CsvProvider(
        CsvMapping(dataset="lse", date="date", symbol="VOD", value="close", unit="GBX", currency="GBP")
    )
    payload = RawPayload("lse", b"date,close\n2024-03-01,70.5\n", "file:x", KNOWN, KNOWN)
    await ingest(engine, payload, provider, now=NOW)
    async with read_transaction(engine) as conn:
        series = await series_by_symbol(conn, "VOD")
    assert (series.unit, series.unit_scale) == ("GBX", 0.01)
