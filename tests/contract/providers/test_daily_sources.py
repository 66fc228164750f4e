"""ECB, Treasury, FRED and Cboe in their own wire formats: as published, and as they go wrong."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.factories.sources.fetching import NOW, SAMPLES, fetched, fetcher_for, parsed, points, recorded
from tests.factories.sources.stream import heard
from tests.factories.sources.wire import Answer, Asked, wire_server

from mktdash.domain.clock import iso
from mktdash.domain.errors import ProviderError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.base import Window
from mktdash.providers.cboe.client import CboeProvider
from mktdash.providers.ecb.client import RECORDED_URL, EcbProvider, recorded_history
from mktdash.providers.fred.client import FredProvider
from mktdash.providers.fred.series import SERIES
from mktdash.providers.treasury.client import TreasuryProvider

TREASURY = (SAMPLES / "treasury" / "2023.csv").read_bytes()
DGS10 = (SAMPLES / "fred" / "DGS10.csv").read_bytes()
VIX = (SAMPLES / "cboe" / "VIX_History.csv").read_bytes()


# The ECB


@pytest.mark.parametrize(
    ("window", "path"),
    [
        (Window(), "/eurofxref-hist.zip"),
        (Window(first=date(2020, 1, 1)), "/eurofxref-hist.zip"),
        (Window(first=date(2026, 9, 1)), "/eurofxref-hist-90d.xml"),
        (Window(first=date(2026, 11, 2)), "/eurofxref-daily.xml"),
    ],
)
async def test_the_ecb_is_asked_for_its_smallest_file_that_covers_the_window(window, path):
    async with wire_server(Answer(recorded_history(lambda: NOW).body)) as wire:
        (payload,) = await fetched(EcbProvider(wire.url), window)

    assert [asked.path for asked in wire.asked] == [path]
    assert payload.url == wire.url + path


async def test_the_recorded_history_stands_in_only_where_it_has_something_to_give():
    async with wire_server(Answer(status=503)) as wire:
        (payload,) = await fetched(EcbProvider(wire.url))
        (again,) = await fetched(EcbProvider(wire.url), Window(first=date(2026, 10, 30)))
        with pytest.raises(ProviderUnavailableError):
            await fetched(EcbProvider(wire.url), Window(first=date(2026, 10, 31)))

    assert payload.url == again.url == RECORDED_URL
    assert payload.known_at == NOW, "this system learned of it now, however old it is"


async def test_a_web_page_instead_of_rates_is_no_reason_to_take_the_recorded_history():
    async with wire_server(Answer(b"<html>maintenance</html>")) as wire:
        with pytest.raises(ProviderFormatError):
            await fetched(EcbProvider(wire.url))


# The Treasury


async def test_the_treasury_is_asked_for_each_year_of_the_window_oldest_first():
    async with wire_server(Answer(TREASURY)) as wire:
        payloads = await fetched(TreasuryProvider(wire.url), Window(first=date(2024, 12, 30)))

    assert [asked.path for asked in wire.asked] == ["/2024/all", "/2025/all", "/2026/all"]
    assert wire.asked[0].query["type"] == "daily_treasury_yield_curve"
    assert len(payloads) == 3


async def test_all_years_since_1990_are_the_treasurys_history():
    async with wire_server(Answer(TREASURY)) as wire:
        assert len(await fetched(TreasuryProvider(wire.url))) == 37


def test_treasury_yields_are_read_by_column_name_at_half_past_three_in_new_york():
    piece = parsed(TreasuryProvider(), TREASURY, "treasury-par-yields")

    assert points(piece, "10 Yr") == {
        "2023-01-05T20:30:00Z": 3.71,
        "2023-01-04T20:30:00Z": 3.69,
        "2023-01-03T20:30:00Z": 3.79,
    }
    assert not piece.rejected, "the 6-week column came in 2025: an older file may lack it"
    spec = TreasuryProvider().describe("treasury-par-yields", "10 Yr")
    assert (spec.instrument.symbol, spec.unit, spec.measure, spec.positive) == ("UST10Y", "percent", "yield", False)


def test_a_maturity_that_the_treasury_adds_is_noted_and_the_rest_is_read():
    header, *rows = TREASURY.decode().splitlines()
    body = "\n".join([header + ',"40 Yr"', *(row + ",4.2" for row in rows)]).encode()
    piece = parsed(TreasuryProvider(), body, "treasury-par-yields")

    assert [(one.code, one.column, one.line) for one in piece.rejected] == [("COLUMN_UNKNOWN", "40 Yr", 1)]
    assert len(points(piece, "30 Yr")) == 3


def test_the_six_week_column_of_2025_is_a_series():
    header, *rows = TREASURY.decode().splitlines()
    body = "\n".join(
        [header.replace('"2 Mo"', '"1.5 Month","2 Mo"'), *(row.replace(",4.", ",4.1,4.", 1) for row in rows)]
    )
    piece = parsed(TreasuryProvider(), body.encode(), "treasury-par-yields")

    assert len(points(piece, "1.5 Month")) == 3
    assert TreasuryProvider().describe("treasury-par-yields", "1.5 Month").instrument.symbol == "UST6W"


def test_a_renamed_maturity_is_noted_on_both_sides_and_a_renamed_benchmark_is_refused():
    renamed = parsed(TreasuryProvider(), TREASURY.replace(b"7 Yr", b"7 Year"), "treasury-par-yields")

    assert {(one.code, one.column) for one in renamed.rejected} == {
        ("COLUMN_UNKNOWN", "7 Year"),
        ("COLUMN_MISSING", "7 Yr"),
    }
    with pytest.raises(ProviderFormatError, match="missing columns: 10 Yr"):
        parsed(TreasuryProvider(), TREASURY.replace(b"10 Yr", b"10 Year"), "treasury-par-yields")


def test_the_recorded_treasury_year_is_read_whole():
    body = recorded("treasury/daily-treasury-rates-2023.csv")
    piece = parsed(TreasuryProvider(), body, "treasury-par-yields")

    assert len(points(piece, "10 Yr")) == 169
    assert points(piece, "10 Yr")["2023-09-01T19:30:00Z"] == 4.18
    assert not piece.rejected


# FRED


async def test_fred_is_asked_for_each_series_from_the_windows_beginning():
    def script(asked: Asked) -> Answer:
        return Answer(f"observation_date,{asked.query['id']}\n2026-10-30,1.5\n".encode())

    async with wire_server(script=script) as wire:
        payloads = await fetched(FredProvider(f"{wire.url}/graph/fredgraph.csv"), Window(first=date(2026, 10, 1)))

    assert [asked.query["id"] for asked in wire.asked] == list(SERIES)
    assert {asked.query["cosd"] for asked in wire.asked} == {"2026-10-01"}
    read = [one for payload in payloads for piece in FredProvider().parse(payload) for one in piece.series]
    assert [one.alias for one in read] == list(SERIES)


async def test_one_fred_series_that_is_gone_keeps_no_other_back():
    def script(asked: Asked) -> Answer:
        gone = asked.query["id"] == "DGS2"
        return Answer(status=404) if gone else Answer(f"observation_date,{asked.query['id']}\n2026-10-30,1\n".encode())

    async with wire_server(script=script) as wire:
        provider = FredProvider(wire.url)
        async with fetcher_for(provider) as fetcher:
            payloads, error = await heard(provider.fetch(fetcher, Window(), lambda: NOW))
    assert isinstance(error, ProviderError)
    assert error.data["status"] == 404
    assert len(payloads) == len(SERIES) - 1


def test_an_empty_cell_and_a_dot_are_no_observation_never_zero():
    daily = parsed(FredProvider(), DGS10, "fred-daily")
    (series,) = daily.series

    assert points(daily, "DGS10") == {
        "2021-05-27T20:00:00Z": 1.61,
        "2021-05-28T20:00:00Z": 1.58,
        "2021-06-01T20:00:00Z": 1.62,
    }
    assert [iso(int(instant)) for instant in series.absent] == ["2021-05-31T20:00:00Z"]
    assert not daily.rejected
    old = parsed(FredProvider(), (SAMPLES / "fred" / "CPIAUCSL-before-2024.csv").read_bytes(), "fred-monthly")
    assert list(points(old, "CPIAUCSL").values()) == [21.48, 21.62]
    assert len(old.series[0].absent) == 1


def test_another_fred_series_than_the_one_asked_for_is_refused():
    with pytest.raises(ProviderFormatError, match="missing columns: DGS2"):
        parsed(FredProvider(), DGS10, "fred-daily", url="https://fred.example/graph/fredgraph.csv?id=DGS2")
    with pytest.raises(ProviderFormatError, match="no series known"):
        parsed(FredProvider(), DGS10.replace(b"DGS10", b"DGS10X"), "fred-daily")
    with pytest.raises(ProviderFormatError, match="missing columns: observation_date"):
        parsed(FredProvider(), DGS10.replace(b"observation_date", b"day"), "fred-daily")


@pytest.mark.parametrize(
    ("name", "count", "absent", "last"),
    [
        ("DGS10", 1250, 55, 4.30),
        ("DGS2", 1250, 55, 3.78),
        ("SP500", 1256, 49, 6967.38),
        ("VIXCLS", 1285, 20, 19.12),
        ("CPIAUCSL", 950, 1, 330.293),
    ],
)
def test_the_recorded_fred_files_are_read_whole(name, count, absent, last):
    dataset = "fred-monthly" if name == "CPIAUCSL" else "fred-daily"
    piece = parsed(FredProvider(), recorded(f"fred/{name}.csv"), dataset)

    assert (len(points(piece, name)), len(piece.series[0].absent)) == (count, absent)
    assert list(points(piece, name).values())[-1] == last
    assert not piece.rejected
    assert FredProvider().describe(dataset, name) is not None


def test_the_ten_year_yield_of_fred_and_of_the_treasury_are_one_instrument():
    fred = FredProvider().describe("fred-daily", "DGS10")
    treasury = TreasuryProvider().describe("treasury-par-yields", "10 Yr")

    assert fred.instrument == treasury.instrument
    assert (fred.measure, fred.unit) == (treasury.measure, treasury.unit)


# Cboe


async def test_the_vix_history_is_one_file_in_either_notation_of_dates():
    async with wire_server(Answer(VIX)) as wire:
        (payload,) = await fetched(CboeProvider(f"{wire.url}/VIX_History.csv"))
    american = parsed(CboeProvider(), payload.body, "cboe-vix")
    dates = {b"01/02/1990": b"1990-01-02", b"08/09/2024": b"2024-08-09", b"08/12/2024": b"2024-08-12"}
    body = VIX
    for old, new in dates.items():
        body = body.replace(old, new)

    assert points(parsed(CboeProvider(), body, "cboe-vix"), "VIX") == points(american, "VIX")
    assert points(american, "VIX")["2024-08-12T20:15:00Z"] == 20.71
    fixing = datetime(2024, 8, 12, 15, 15, tzinfo=ZoneInfo("America/Chicago"))
    assert fixing.astimezone(ZoneInfo("UTC")).hour == 20


@pytest.mark.parametrize("renamed", [b"CLOSE", b"OPEN", b"HIGH", b"LOW", b"DATE"])
def test_a_renamed_vix_column_is_refused(renamed):
    with pytest.raises(ProviderFormatError, match=f"missing columns: {renamed.decode()}"):
        parsed(CboeProvider(), VIX.replace(renamed, b"X" + renamed), "cboe-vix")


@pytest.mark.parametrize("provider", [TreasuryProvider(), FredProvider(), CboeProvider()], ids=lambda one: one.name)
@pytest.mark.parametrize("body", [b"", b"<html>Access denied</html>", b"\x00\x01", b"{}", b'"unbalanced'])
def test_what_is_not_their_format_is_a_format_error(provider, body):
    with pytest.raises(ProviderFormatError):
        parsed(provider, body, provider.datasets[0].key)
