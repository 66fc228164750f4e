"""Binance and Yahoo, which run only where somebody asks for them."""

from datetime import UTC, date, datetime
from itertools import pairwise

import orjson
import pytest
from tests.factories.sources.fetching import NOW, SAMPLES, fetched, fetcher_for, parsed, points
from tests.factories.sources.stream import heard
from tests.factories.sources.wire import Answer, wire_server

from mktdash.domain.errors import ProviderError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.base import Window
from mktdash.providers.binance.client import BinanceProvider
from mktdash.providers.binance.parse import CANDLES
from mktdash.providers.yahoo.client import DATASET, SYMBOLS, YahooProvider

KLINES = (SAMPLES / "binance" / "klines-BTCUSDT.json").read_bytes()
CHART = (SAMPLES / "yahoo" / "chart-AAPL.json").read_bytes()
KLINES_URL = "https://binance.example/api/v3/klines?symbol=BTCUSDT"


def test_klines_hold_at_their_end_and_the_open_one_waits():
    at = datetime(2026, 11, 2, 12, 56, 30, tzinfo=UTC)
    piece = parsed(BinanceProvider(), KLINES, CANDLES, KLINES_URL, at)

    assert points(piece, "BTCUSDT") == {"2026-11-02T12:56:00Z": 67801.9}
    whole = parsed(BinanceProvider(), KLINES, CANDLES, KLINES_URL, datetime(2026, 11, 2, 12, 57, tzinfo=UTC))
    assert whole.series[0].columns.volume.tolist() == [0.512, 1.0034]
    assert BinanceProvider().describe(CANDLES, "BTCUSDT").instrument.symbol == "BTC-USDT"


async def test_klines_come_in_pages_oldest_first():
    async with wire_server(Answer(b"[]")) as wire:
        await fetched(BinanceProvider(wire.url), Window(date(2026, 10, 30), date(2026, 10, 31)))

    bitcoin = [int(asked.query["startTime"]) for asked in wire.asked if asked.query["symbol"] == "BTCUSDT"]
    assert bitcoin[0] == int(datetime(2026, 10, 30, tzinfo=UTC).timestamp() * 1000)
    assert [later - earlier for earlier, later in pairwise(bitcoin)] == [60_000_000] * 2


async def test_a_binance_ban_is_obeyed():
    async with wire_server(Answer(status=418, headers={"Retry-After": "120"})) as wire:
        provider = BinanceProvider(wire.url)
        async with fetcher_for(provider) as fetcher:
            _, banned = await heard(provider.fetch(fetcher, Window(), lambda: NOW))
            _, still = await heard(provider.fetch(fetcher, Window(), lambda: NOW))

    assert isinstance(banned, ProviderUnavailableError)
    assert "left alone" in still.message
    assert len(wire.asked) == 1


@pytest.mark.parametrize("body", [b"", b"{", b'{"code":-1121,"msg":"Invalid symbol."}', b"<html>"])
def test_what_is_not_binances_format_is_a_format_error(body):
    with pytest.raises(ProviderFormatError):
        parsed(BinanceProvider(), body, CANDLES, KLINES_URL)
    with pytest.raises(ProviderFormatError, match="no symbol"):
        parsed(BinanceProvider(), KLINES, CANDLES, "file:klines.json")


def test_a_yahoo_chart_gives_bars_at_the_close_and_null_is_no_observation():
    piece = parsed(YahooProvider(), CHART, DATASET)

    assert points(piece, "AAPL") == {"2024-01-02T21:00:00Z": 185.63999938964844, "2024-01-03T21:00:00Z": 184.25}
    (series,) = piece.series
    assert len(series.absent) == 1
    assert series.columns.volume.tolist() == [82_488_700.0, 58_414_500.0]
    assert not piece.rejected


def test_a_session_that_has_not_closed_has_no_close():
    during = datetime(2024, 1, 3, 18, 0, tzinfo=UTC)

    assert list(points(parsed(YahooProvider(), CHART, DATASET, now=during), "AAPL")) == ["2024-01-02T21:00:00Z"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}}',
        b'{"chart":{"result":[],"error":null}}',
        CHART.replace(b"1704378600", b"1704378600,1"),
    ],
)
def test_what_is_not_yahoos_format_is_a_format_error(body):
    with pytest.raises(ProviderFormatError):
        parsed(YahooProvider(), body, DATASET)


async def test_one_yahoo_symbol_that_is_gone_keeps_no_other_back():
    async with wire_server(Answer(status=404), Answer(CHART)) as wire:
        provider = YahooProvider(wire.url)
        async with fetcher_for(provider) as fetcher:
            payloads, error = await heard(provider.fetch(fetcher, Window(first=date(2024, 1, 1)), lambda: NOW))

    assert len(payloads) == len(SYMBOLS) - 1
    assert isinstance(error, ProviderError)
    assert wire.asked[0].path == "/%5EGSPC"
    assert wire.asked[0].query["period1"] == str(int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()))


def test_a_bar_of_words_is_set_apart():
    said = orjson.loads(CHART)
    said["chart"]["result"][0]["indicators"]["quote"][0]["high"][0] = "high"
    piece = parsed(YahooProvider(), orjson.dumps(said), DATASET)

    assert len(points(piece, "AAPL")) == 1
    assert [(one.code, one.column) for one in piece.rejected] == [("NOT_A_NUMBER", "high")]
