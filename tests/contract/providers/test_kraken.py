"""Kraken's candles and trades, over REST and over its WebSocket, with the faults that both have."""

import gzip
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import pytest
from tests.factories.sources.fetching import NOW, SAMPLES, fetched, fetcher_for, parsed, points, recorded
from tests.factories.sources.stream import AT_ONCE, heard, saying, stream_server
from tests.factories.sources.wire import Answer, wire_server

from mktdash.domain.clock import from_micros, iso, to_micros
from mktdash.domain.errors import ProviderError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.base import Window
from mktdash.providers.kraken.client import KrakenProvider
from mktdash.providers.kraken.parse import CANDLES, TRADES

OHLC = (SAMPLES / "kraken" / "ohlc-XBTUSD.json").read_bytes()
HEARTBEAT = {"channel": "heartbeat"}


def trade(number, seconds=0.0, price="67800.10", qty="0.5"):
    at = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return (
        f'{{"symbol":"BTC/USD","side":"buy","price":{price},"qty":{qty},"ord_type":"limit",'
        f'"trade_id":{number},"timestamp":"{at}"}}'
    )


def trades_message(*trades, kind="update"):
    return f'{{"channel":"trade","type":"{kind}","data":[{",".join(trades)}]}}'


def page(*rows):
    """A REST page of (number, seconds, price) trades."""
    listed = [[price, "0.5", (NOW + timedelta(seconds=at)).timestamp(), "b", "l", "", n] for n, at, price in rows]
    return orjson.dumps({"error": [], "result": {"XXBTZUSD": listed, "last": "1"}})


def test_candles_hold_at_their_end_and_the_open_one_is_left_out():
    piece = parsed(KrakenProvider(), OHLC, CANDLES)

    assert points(piece, "BTC/USD") == {"2025-11-10T12:21:00Z": 106040.1, "2025-11-10T12:22:00Z": 106040.1}
    (candles,) = piece.series
    assert candles.columns.volume.tolist() == [0.08317981, 0.0], "a minute without a trade is listed"
    assert candles.columns.high.tolist() == [106044.3, 106040.1]
    assert KrakenProvider().describe(CANDLES, "BTC/USD").instrument.symbol == "BTC-USD"


def test_the_recorded_candles_are_read_whole_under_the_name_they_come_by():
    piece = parsed(KrakenProvider(), recorded("kraken/ohlc-XBTUSDT-1m.json"), CANDLES)

    assert len(points(piece, "BTC/USDT")) == 720
    assert not piece.rejected
    assert set(np.diff(piece.series[0].columns.as_of).tolist()) == {60_000_000}


def test_the_recorded_trades_are_bars_of_a_millisecond():
    body = gzip.decompress(recorded("kraken/trades.json.gz"))
    rows = orjson.loads(body)["result"]["XBTUSDT"]
    piece = parsed(KrakenProvider(), body, TRADES)

    (series,) = piece.series
    milliseconds = {round(row[2] * 1e6) // 1000 for row in rows}
    assert len(series.columns) == len(milliseconds) - 1, "a full page may end within a millisecond: that one waits"
    last = max(milliseconds)
    volume = sum(float(row[1]) for row in rows if round(row[2] * 1e6) // 1000 != last)
    assert series.columns.volume.sum() == pytest.approx(volume)
    assert (np.diff(series.columns.as_of) > 0).all()
    assert series.columns.value[0] == 105433.6


@pytest.mark.parametrize("name", ["kraken/ws-trade-update.json", "kraken/ws-ohlc-update.json"])
def test_the_recorded_stream_messages_are_read_with_exact_prices(name):
    message = orjson.dumps(orjson.loads(recorded(name)))
    dataset = TRADES if "trade" in name else CANDLES
    piece = parsed(KrakenProvider(), message, dataset)

    expected = [105944.20, 105910.50] if dataset == TRADES else [106040.1]
    assert list(points(piece, "BTC/USD").values()) == expected


def test_a_candle_of_the_stream_counts_once_it_is_over_and_as_it_was_told_last():
    begin = NOW - timedelta(minutes=2)
    candle = {"symbol": "BTC/USD", "open": 1.0, "high": 2.0, "low": 1.0, "close": 1.5, "volume": 3.0, "vwap": 1.2}
    first = {**candle, "interval_begin": f"{begin:%Y-%m-%dT%H:%M:%S}.000000000Z"}
    again = {**first, "close": 1.75, "volume": 4.0}
    still_open = {**candle, "interval_begin": f"{NOW:%Y-%m-%dT%H:%M:%S}.000000000Z"}
    body = b"\n".join(orjson.dumps({"channel": "ohlc", "data": [one]}) for one in (first, still_open, again))
    piece = parsed(KrakenProvider(), body, CANDLES)

    assert points(piece, "BTC/USD") == {iso(to_micros(begin + timedelta(minutes=1))): 1.75}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"error":[],"result":{}}',
        b'{"error":[],"result":{"last":1}}',
        b'{"channel":"status"}',
        b"<html>",
    ],
)
@pytest.mark.parametrize("dataset", [CANDLES, TRADES])
def test_what_is_not_krakens_format_is_a_format_error(body, dataset):
    with pytest.raises(ProviderFormatError):
        parsed(KrakenProvider(), body, dataset)


def test_a_candle_with_a_bad_cell_is_set_apart_and_the_rest_goes_on():
    rows = [[1762777200, "1", "1", "1", "oops", "1", "1", 1], [1762777260, "1"], [1762777320, *["2"] * 6, 1]]
    body = orjson.dumps({"error": [], "result": {"XXBTZUSD": rows, "last": 1762777320}})
    piece = parsed(KrakenProvider(), body, CANDLES)

    assert list(points(piece, "BTC/USD").values()) == [2.0]
    assert {(one.code, one.line) for one in piece.rejected} == {("NOT_A_NUMBER", 1), ("MALFORMED_ROW", 2)}


async def test_candles_are_asked_for_from_the_newest_one_held():
    held = to_micros(datetime(2026, 11, 2, 8, 50, tzinfo=UTC))
    async with wire_server(Answer(OHLC)) as wire:
        await fetched(KrakenProvider(wire.url), Window(newest={CANDLES: held}))

    assert [(asked.path, asked.query["pair"]) for asked in wire.asked] == [("/OHLC", "XBTUSD"), ("/OHLC", "ETHUSD")]
    assert {asked.query["since"] for asked in wire.asked} == {str(held // 1_000_000 - 120)}


async def test_a_limit_that_kraken_reports_under_200_is_tried_again():
    busy = Answer(b'{"error":["EGeneral:Too many requests"]}')
    async with wire_server(busy, Answer(OHLC)) as wire:
        assert len(await fetched(KrakenProvider(wire.url))) == 2

    assert len(wire.asked) == 3


async def test_a_refusal_that_kraken_reports_under_200_is_final():
    async with wire_server(Answer(b'{"error":["EQuery:Unknown asset pair"]}')) as wire:
        with pytest.raises(ProviderError, match="Unknown asset pair"):
            await fetched(KrakenProvider(wire.url))

    assert len(wire.asked) == 1


async def listen(provider, window=Window()):  # noqa: B008  # frozen
    async with fetcher_for(provider) as fetcher:
        return await heard(provider.stream(fetcher, window, lambda: NOW))


async def test_a_stream_that_falls_silent_without_closing_is_noticed():
    async with stream_server(saying(trades_message(trade(1)), HEARTBEAT), subscriptions=2) as stream:
        payloads, error = await listen(KrakenProvider("http://127.0.0.1:1", stream.url, silence_s=0.5, batches=AT_ONCE))

    assert isinstance(error, ProviderUnavailableError)
    assert "no message on the stream for 0.5 s" in error.message
    assert [payload.dataset for payload in payloads] == [TRADES]
    assert [one["params"]["channel"] for one in stream.subscribed] == ["trade", "ohlc"]
    assert payloads[0].url == stream.url


async def test_a_stream_that_is_closed_or_refused_is_an_error():
    async with stream_server(saying(close=True), subscriptions=2) as stream:
        _, closed = await listen(KrakenProvider("http://127.0.0.1:1", stream.url, batches=AT_ONCE))
    refusal = {"method": "subscribe", "success": False, "error": "Currency pair not supported"}
    async with stream_server(saying(refusal), subscriptions=2) as stream:
        _, refused = await listen(KrakenProvider("http://127.0.0.1:1", stream.url, batches=AT_ONCE))
    _, unreachable = await listen(KrakenProvider("http://127.0.0.1:1", "ws://127.0.0.1:1"))

    assert isinstance(closed, ProviderUnavailableError)
    assert "Currency pair not supported" in refused.message
    assert isinstance(unreachable, ProviderUnavailableError)


async def test_a_gap_in_the_trade_numbers_is_filled_over_rest():
    said = saying(trades_message(trade(10, 0.0), trade(11, 0.5)), HEARTBEAT, trades_message(trade(14, 2.0)), HEARTBEAT)
    missed = page((11, 0.5, "67800.10"), (12, 1.0, "67801.00"), (13, 1.5, "67802.00"), (14, 2.0, "67800.10"))
    async with wire_server(Answer(missed)) as wire, stream_server(said, subscriptions=2) as stream:
        provider = KrakenProvider(wire.url, stream.url, silence_s=0.5, batches=AT_ONCE)
        payloads, _ = await listen(provider)

    (asked,) = wire.asked
    since = to_micros(NOW) + 500_000
    assert (asked.path, asked.query["pair"], asked.query["since"]) == ("/Trades", "XBTUSD", str(since * 1000 - 1))
    read = [point for one in payloads for piece in provider.parse(one) for point in points(piece, "BTC/USD").items()]
    assert {value for _, value in read} == {67800.10, 67801.0, 67802.0}
    assert len(dict(read)) == 5


async def test_a_gap_that_a_new_connection_shows_is_filled_too():
    async def talk(connection, number):
        await connection.send(trades_message(trade(number * 10, float(number)), kind="snapshot"))
        await connection.send(orjson.dumps(HEARTBEAT).decode())

    async with wire_server(Answer(page((11, 1.1, "1.0")))) as wire, stream_server(talk, subscriptions=2) as stream:
        provider = KrakenProvider(wire.url, stream.url, silence_s=0.5, batches=AT_ONCE)
        await listen(provider)
        assert wire.asked == []
        await listen(provider)

    assert len(wire.asked) == 1


async def test_trades_missed_while_nobody_ran_are_paged_through_without_a_seam():
    first = page(*((n, n * 0.010, f"{n}.0") for n in range(1, 1000)), (1000, 9.990, "1000.0"))
    second = page((999, 9.990, "999.0"), (1000, 9.990, "1000.0"), (1001, 9.9905, "1001.0"), (1002, 11.0, "1002.0"))
    held = to_micros(NOW) - 1
    answers = (Answer(first), Answer(second), Answer(page()))
    async with wire_server(*answers) as wire, stream_server(saying(HEARTBEAT), subscriptions=2) as stream:
        provider = KrakenProvider(wire.url, stream.url, silence_s=0.5, batches=AT_ONCE)
        payloads, _ = await listen(provider, Window(newest={TRADES: held}))

    assert [asked.query["pair"] for asked in wire.asked] == ["XBTUSD", "XBTUSD", "ETHUSD"]
    cut = to_micros(NOW) + 9_990_000
    assert wire.asked[1].query["since"] == str(cut * 1000 - 1)
    one, other = (parsed(provider, payload.body, TRADES).series[0].columns for payload in payloads)
    assert from_micros(int(one.as_of[-1])) == NOW + timedelta(seconds=9.98), "the cut millisecond is the next page's"
    assert from_micros(int(other.as_of[0])) == NOW + timedelta(seconds=9.99)
    assert (other.open[0], other.value[0], other.volume[0]) == (999.0, 1001.0, 1.5)


async def test_a_candle_is_brought_when_it_is_over_and_not_before():
    def candle(minutes, close):
        begin = (NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
        bar = {"symbol": "BTC/USD", "open": 1.0, "high": 2.0, "low": 1.0, "close": close, "volume": 1.0, "vwap": 1.0}
        return {"channel": "ohlc", "type": "update", "data": [{**bar, "interval": 1, "interval_begin": begin}]}

    said = saying(candle(-2, 1.25), candle(0, 1.5), HEARTBEAT, HEARTBEAT)
    async with stream_server(said, subscriptions=2) as stream:
        provider = KrakenProvider("http://127.0.0.1:1", stream.url, silence_s=0.5, batches=AT_ONCE)
        payloads, _ = await listen(provider)

    (payload,) = payloads
    assert payload.dataset == CANDLES
    assert points(parsed(provider, payload.body, CANDLES), "BTC/USD") == {"2026-11-02T08:59:00Z": 1.25}
