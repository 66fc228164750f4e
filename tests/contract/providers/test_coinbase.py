"""Coinbase's candles in pages and its trades as they come, with what goes wrong in both."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from tests.factories.sources.fetching import NOW, SAMPLES, fetched, fetcher_for, parsed, points
from tests.factories.sources.stream import AT_ONCE, heard, saying, stream_server
from tests.factories.sources.wire import Answer, wire_server

from mktdash.domain.clock import to_micros
from mktdash.domain.errors import ProviderError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.base import Window
from mktdash.providers.coinbase import listener
from mktdash.providers.coinbase.client import CoinbaseProvider
from mktdash.providers.coinbase.parse import CANDLES, TRADES

CANDLE_PAGE = (SAMPLES / "coinbase" / "candles-BTC-USD.json").read_bytes()
URL = "https://exchange.example/products/BTC-USD/candles"
HEARTBEAT = {"type": "heartbeat", "product_id": "BTC-USD", "sequence": 90}


def match(number, seconds=0.0, price="67800.10", kind="match"):
    at = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"type": kind, "trade_id": number, "product_id": "BTC-USD", "size": "0.5", "price": price, "time": at}


def rest_page(numbers):
    """REST trades, newest first, one a second."""
    return Answer(
        orjson.dumps([{**match(n, float(n), f"{n}.0"), "side": "sell"} for n in sorted(numbers, reverse=True)])
    )


async def listen(provider):
    async with fetcher_for(provider) as fetcher:
        return await heard(provider.stream(fetcher, Window(), lambda: NOW))


def test_candles_hold_at_their_end_and_a_minute_without_a_trade_is_not_there():
    later = datetime(2026, 11, 2, 13, 0, tzinfo=UTC)
    piece = parsed(CoinbaseProvider(), CANDLE_PAGE, CANDLES, URL, later)

    assert points(piece, "BTC-USD") == {
        "2026-11-02T12:59:00Z": 67840.11,
        "2026-11-02T12:57:00Z": 67815.2,
        "2026-11-02T12:56:00Z": 67801.9,
    }
    (candles,) = piece.series
    assert (candles.columns.low[0], candles.columns.high[0], candles.columns.open[0]) == (67810.01, 67842.5, 67815.2)
    assert candles.absent is None


def test_the_candle_of_the_present_minute_waits():
    now = datetime(2026, 11, 2, 12, 58, 40, tzinfo=UTC)

    assert len(points(parsed(CoinbaseProvider(), CANDLE_PAGE, CANDLES, URL, now), "BTC-USD")) == 2


async def test_the_last_twelve_hours_come_in_pages_of_at_most_300_oldest_first():
    async with wire_server(Answer(b"[]")) as wire:
        payloads = await fetched(CoinbaseProvider(wire.url))

    bitcoin = [asked for asked in wire.asked if "BTC-USD" in asked.path]
    assert len(bitcoin) == 3
    assert bitcoin[0].query["start"] == "2026-11-01T21:00:00Z"
    assert bitcoin[-1].query["end"] == "2026-11-02T09:00:00Z"
    assert [asked.query["start"] for asked in bitcoin[1:]] == [asked.query["end"] for asked in bitcoin[:-1]]
    for asked in bitcoin:
        start, end = (datetime.fromisoformat(asked.query[name]) for name in ("start", "end"))
        assert (end - start) / timedelta(minutes=1) < 300
    assert len(payloads) == 6


async def test_a_backfill_covers_the_days_asked_for_and_a_poll_only_what_is_new():
    async with wire_server(Answer(b"[]")) as wire:
        await fetched(CoinbaseProvider(wire.url), Window(date(2026, 10, 30), date(2026, 10, 30)))
        days = [asked for asked in wire.asked if "BTC-USD" in asked.path]
        wire.asked.clear()
        await fetched(CoinbaseProvider(wire.url), Window(newest={CANDLES: to_micros(NOW - timedelta(minutes=3))}))

    assert (days[0].query["start"], days[-1].query["end"]) == ("2026-10-30T00:00:00Z", "2026-10-31T00:00:00Z")
    assert [asked.query["start"] for asked in wire.asked] == ["2026-11-02T08:55:00Z"] * 2


@pytest.mark.parametrize("body", [b"", b"{", b'{"message":"NotFound"}', b"<html>", b"7"])
def test_what_is_not_coinbases_format_is_a_format_error(body):
    with pytest.raises(ProviderFormatError):
        parsed(CoinbaseProvider(), body, CANDLES, URL)
    with pytest.raises(ProviderFormatError, match="no product"):
        parsed(CoinbaseProvider(), CANDLE_PAGE, CANDLES, "file:candles.json")


def test_a_trade_without_its_fields_is_set_apart():
    broken = {**match(2, 1.0), "price": None}
    body = b"\n".join(map(orjson.dumps, [match(1), broken, match(3, 2.0, "nan"), match(4, 3.0)]))
    piece = parsed(CoinbaseProvider(), body, TRADES)

    assert len(points(piece, "BTC-USD")) == 2
    assert {one.code for one in piece.rejected} == {"MALFORMED_ROW", "NOT_A_NUMBER"}


async def test_trades_come_as_they_are_told_and_silence_is_noticed():
    said = saying({"type": "subscriptions"}, match(1, kind="last_match"), match(2, 1.0, "67801.30"), HEARTBEAT)
    async with stream_server(said) as stream:
        provider = CoinbaseProvider("http://127.0.0.1:1", stream.url, silence_s=0.5, batches=AT_ONCE)
        payloads, error = await listen(provider)

    assert isinstance(error, ProviderUnavailableError)
    assert stream.subscribed[0]["channels"] == ["matches", "heartbeat"]
    read = [p for one in payloads for piece in provider.parse(one) for p in points(piece, "BTC-USD").values()]
    assert read == [67800.10, 67801.30]
    assert provider.describe(TRADES, "BTC-USD").interval == "1s"


async def test_a_gap_in_the_trade_numbers_is_filled_over_rest_in_pages_that_overlap(monkeypatch):
    monkeypatch.setattr(listener, "_OVERLAP", 2)
    said = saying(match(100, 100.0), match(120, 120.0), HEARTBEAT)
    pages = rest_page(range(109, 122)), rest_page(range(98, 111)), rest_page(range(90, 99))
    async with wire_server(*pages) as wire, stream_server(said) as stream:
        provider = CoinbaseProvider(wire.url, stream.url, silence_s=0.5, batches=AT_ONCE)
        payloads, _ = await listen(provider)

    assert [asked.query["after"] for asked in wire.asked] == ["122", "111"]
    read = {value for one in payloads for piece in provider.parse(one) for value in points(piece, "BTC-USD").values()}
    assert {float(number) for number in range(101, 120)} <= read


async def test_a_stream_that_refuses_says_why():
    refusal = {"type": "error", "message": "Failed to subscribe", "reason": "BTC-XYZ is not a valid product"}
    async with stream_server(saying(refusal)) as stream:
        _, error = await listen(CoinbaseProvider("http://127.0.0.1:1", stream.url, batches=AT_ONCE))

    assert isinstance(error, ProviderError)
    assert "BTC-XYZ is not a valid product" in error.message
