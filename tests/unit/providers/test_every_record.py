"""Every parser accounts for every record it was given, and no input ends in anything but a report or a named error."""

import ast
import asyncio
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.sources.stream import AT_ONCE

import mktdash.providers
from mktdash.domain.errors import MktdashError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.account import Account
from mktdash.providers.base import Parsed, RawPayload, Rejection, SkipReason, Window
from mktdash.providers.binance.client import BinanceProvider
from mktdash.providers.cboe.client import CboeProvider
from mktdash.providers.coinbase.client import CoinbaseProvider
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.providers.ecb.client import EcbProvider
from mktdash.providers.fred.client import FredProvider
from mktdash.providers.kraken.client import KrakenProvider
from mktdash.providers.sim.client import SimProvider
from mktdash.providers.treasury.client import TreasuryProvider
from mktdash.providers.yahoo.client import YahooProvider

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[2] / "data"
LONG = {"dataset": "l", "date": "d", "symbol_column": "s", "value": "v", "timezone": "Europe/Berlin", "interval": "1h"}
OPEN = {"dataset": "o", "date": "d", "series": {"A": "a", "B": "b"}, "date_formats": ["MM/DD/YYYY", "DD/MM/YYYY"]}


@dataclass(frozen=True)
class Sample:
    """A payload that a provider reads without a word."""

    provider: Any
    dataset: str
    url: str
    body: bytes

    def parse(self, body: bytes) -> list[Parsed]:
        return list(self.provider.parse(RawPayload(self.dataset, body, self.url, NOW, NOW)))


def csv(mapping: dict[str, Any], body: str) -> Sample:
    return Sample(CsvProvider(CsvMapping.model_validate(mapping)), mapping["dataset"], "file:test", body.encode())


def zipped(body: bytes) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("eurofxref-hist.csv", body)
    return target.getvalue()


def trade(number: int, second: int) -> dict[str, Any]:
    at = f"2026-11-02T08:00:{second:02d}.5Z"
    return {"type": "match", "trade_id": number, "product_id": "BTC-USD", "size": "0.5", "price": "6.5", "time": at}


def kraken_trade(number: int, second: int) -> dict[str, Any]:
    at = f"2026-11-02T08:00:{second:02d}.5Z"
    return {"symbol": "BTC/USD", "price": 6.5, "qty": 0.5, "trade_id": number, "timestamp": at}


def candle(minute: int) -> dict[str, Any]:
    at = f"2026-11-02T08:{minute:02d}:00Z"
    prices = {"open": 1.0, "high": 2.0, "low": 1.0, "close": 1.5, "vwap": 1.2, "volume": 3.0}
    return {"symbol": "BTC/USD", "interval_begin": at, **prices}


def lines(*messages: Any) -> bytes:
    return b"\n".join(orjson.dumps(message) for message in messages)


ECB_CSV = b"Date,USD,JPY,GBP,CHF,\n2022-07-04,1.05,141.5,0.861,1.0,\n2022-07-01,1.04,141,N/A,1.0,\n"
ECB_XML = (
    b"<Envelope><Cube><Cube time='2026-10-30'><Cube currency='USD' rate='1.1'/><Cube currency='JPY' rate='175'/>"
    b"<Cube currency='GBP' rate='0.8'/><Cube currency='CHF' rate='0.9'/></Cube></Cube></Envelope>"
)
REST_TRADES = [["6.5", "0.5", 1762772400.5 + n, "b", "l", "", n] for n in range(4)]
EXCHANGE = "https://exchange.example/products/BTC-USD/x"
TABLES = {
    "ecb": Sample(EcbProvider(), "ecb-reference-rates", "", ECB_CSV),
    "treasury": Sample(TreasuryProvider(), "treasury-par-yields", "", (SAMPLES / "treasury/2023.csv").read_bytes()),
    "fred": Sample(FredProvider(), "fred", "x?id=DGS10", (SAMPLES / "fred/DGS10.csv").read_bytes()),
    "cboe": Sample(CboeProvider(), "cboe-vix", "", (SAMPLES / "cboe/VIX_History.csv").read_bytes()),
    "csv long": csv(LONG, "d,s,v\n2024-10-27 02:00,A,1\n2024-10-27 02:00,A,2\n2024-03-31 02:30,B,3\n"),
    "csv wide": csv(OPEN, 'd,a,b\n01/31/2024,1,"2"\n02/03/2024,,x\n'),
}
MESSAGES = {
    "ecb zip": Sample(EcbProvider(), "ecb-reference-rates", "", zipped(ECB_CSV)),
    "ecb xml": Sample(EcbProvider(), "ecb-reference-rates", "", ECB_XML),
}
JSON = {
    "sim": Sample(SimProvider(1), "sim", "", orjson.dumps({"first_s": 1, "step_s": 5, "prices": {"A": [1.0, 2.0]}})),
    "yahoo": Sample(YahooProvider(), "yahoo-daily", "", (SAMPLES / "yahoo/chart-AAPL.json").read_bytes()),
    "binance": Sample(
        BinanceProvider(), "binance-ohlc-1m", "?BTCUSDT", (SAMPLES / "binance/klines-BTCUSDT.json").read_bytes()
    ),
    "coinbase candles": Sample(
        CoinbaseProvider(), "coinbase-ohlc-1m", EXCHANGE, (SAMPLES / "coinbase/candles-BTC-USD.json").read_bytes()
    ),
    "coinbase page": Sample(
        CoinbaseProvider(), "coinbase-trades", EXCHANGE, orjson.dumps([trade(n, n) for n in range(4)])
    ),
    "kraken candles": Sample(
        KrakenProvider(), "kraken-ohlc-1m", "", (SAMPLES / "kraken/ohlc-XBTUSD.json").read_bytes()
    ),
    "kraken page": Sample(
        KrakenProvider(),
        "kraken-trades",
        "",
        orjson.dumps({"error": [], "result": {"XXBTZUSD": REST_TRADES, "last": "1"}}),
    ),
}
STREAMED = {
    "coinbase stream": Sample(
        CoinbaseProvider(batches=AT_ONCE), "coinbase-trades", "wss:", lines(trade(1, 1), trade(2, 1))
    ),
    "kraken trades": Sample(
        KrakenProvider(batches=AT_ONCE),
        "kraken-trades",
        "wss:",
        lines(
            {"channel": "trade", "data": [kraken_trade(1, 1), kraken_trade(2, 2)]},
            {"channel": "trade", "data": [kraken_trade(3, 3)]},
        ),
    ),
    "kraken told candles": Sample(
        KrakenProvider(batches=AT_ONCE),
        "kraken-ohlc-1m",
        "wss:",
        lines({"channel": "ohlc", "data": [candle(1), candle(2)]}, {"channel": "ohlc", "data": [candle(2)]}),
    ),
}
EVERY = {**TABLES, **MESSAGES, **JSON, **STREAMED}
# Longer ones, and those that look like what they are not, are what breaks parsers.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "-1", "1e400", "NaN", "2024-01-02", "9" * 400, "\x00", "\u202e", "2026-11-02T08:00:00"])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
# Two sessions, the price of a moment in the second, and a session to come.
INSTANTS = [1704205800, 1704292200, 1704319201, 1893456000]


def summed(pieces: list[Parsed]) -> int:
    """How many records the pieces account for; the notes about a header are none."""
    for piece in pieces:
        assert piece.records is not None
        notes = sum(one.code in {"COLUMN_UNKNOWN", "COLUMN_MISSING"} and one.line == 1 for one in piece.rejected)
        kept = sum(len(one.columns) for one in piece.series)
        none = sum(len(one.absent) for one in piece.series if one.absent is not None)
        assert piece.records == kept + none + len(piece.rejected) - notes + sum(piece.skipped.values())
        for one in piece.rejected:
            assert len(one.raw) <= 500
            assert one.raw.isprintable()
            assert one.reason.isprintable()
            assert one.column.isprintable()
    return sum(piece.records or 0 for piece in pieces)


def reported(sample: Sample, body: bytes) -> None:
    try:
        summed(sample.parse(body))
    except MktdashError as error:
        assert error.message.isprintable()  # noqa: PT017 - either way is right


@pytest.mark.parametrize("name", EVERY)
def test_every_sample_is_read(name):
    assert summed(EVERY[name].parse(EVERY[name].body))


@pytest.mark.parametrize("name", EVERY)
@given(edits=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 60), st.binary(max_size=12)), max_size=4))
def test_no_damage_to_a_file_ends_in_a_stack_trace(name, edits):
    body = EVERY[name].body
    for at, cut, put in edits:
        place = at % (len(body) + 1)
        body = body[:place] + put + body[place + cut :]

    reported(EVERY[name], body)


@pytest.mark.parametrize("name", EVERY)
@given(body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_at_all_end_in_a_stack_trace(name, body):
    reported(EVERY[name], body)
    reported(EVERY[name], EVERY[name].body[:40] + body)


def replaced(tree: Any, at: int, value: Any) -> Any:
    """A JSON value with the part of a number (in order of depth first) replaced."""
    left = at

    def walk(node: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            left = 2**62
            return value
        if isinstance(node, dict):
            return {key: walk(one) for key, one in node.items()}
        return [walk(one) for one in node] if isinstance(node, list) else node

    return walk(tree)


def size(tree: Any) -> int:
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return 1 + sum(map(size, inner))


@pytest.mark.parametrize("name", [*JSON, *STREAMED])
@given(changes=st.lists(st.tuples(st.integers(0, 2**16), VALUES), min_size=1, max_size=3))
def test_no_other_value_in_a_message_ends_in_a_stack_trace(name, changes):
    trees = [orjson.loads(line) for line in EVERY[name].body.splitlines()] if name in STREAMED else None
    tree = orjson.loads(EVERY[name].body) if trees is None else trees
    for at, value in changes:
        tree = replaced(tree, at % size(tree), value)

    reported(EVERY[name], lines(*tree) if trees is not None and isinstance(tree, list) else orjson.dumps(tree))


CELLS = st.sampled_from(["1.5", "-2", "x", "", "N/A", "1,5", "nan", "5%", "12:00"])
DATES = st.sampled_from(["2024-01-02", "2024-02-30", "", "01/02/2024", "2024-10-27 02:00", "2024-03-31 02:30", "x"])


@given(rows=st.lists(st.tuples(DATES, st.sampled_from(["A", "B", "", "a;b", "N" * 200]), CELLS), max_size=30))
def test_every_line_of_a_long_file_is_accounted_for(rows):
    body = "\n".join(["d;s;v", *(";".join(row) for row in rows)])
    sample = csv({**LONG, "delimiter": ";"}, body)

    # A row that is empty but for its delimiters is an empty line, and "a;b" makes a row too long.
    filled = [row for row in rows if any(row)]
    assert refused_or_summed(sample) in {None, len(filled)}


@given(rows=st.lists(st.tuples(DATES, CELLS, CELLS), max_size=30))
def test_every_cell_of_a_wide_file_is_accounted_for(rows):
    body = "\n".join(["d;a;b", *(";".join(row) for row in rows)])
    sample = csv({**OPEN, "delimiter": ";", "date_formats": ["YYYY-MM-DD"]}, body)

    dated = sum(row[0] == "2024-01-02" for row in rows)
    undated = sum(any(row) and row[0] != "2024-01-02" for row in rows)
    assert refused_or_summed(sample) in {None, 2 * dated + undated}


def refused_or_summed(sample: Sample) -> int | None:
    try:
        return summed(sample.parse(sample.body))
    except ProviderFormatError as error:
        assert "two decimal marks" in error.message or "likely meant" in error.message  # noqa: PT017 - the file contradicts itself
        return None


@pytest.mark.parametrize("name", ["binance", "coinbase candles"])
@given(rows=st.lists(VALUES | st.lists(VALUES, min_size=12, max_size=12), max_size=12), sound=st.integers(0, 2))
def test_every_candle_of_a_list_is_accounted_for(name, rows, sound):
    whole = [*rows, *orjson.loads(EVERY[name].body)[:sound]]

    assert summed(EVERY[name].parse(orjson.dumps(whole))) == len(whole)


@given(rows=st.lists(VALUES | st.lists(VALUES, min_size=8, max_size=8), max_size=12), page=st.booleans())
def test_every_row_of_kraken_is_accounted_for(rows, page):
    sample = EVERY["kraken page" if page else "kraken candles"]
    said = {"error": [], "result": {"XXBTZUSD": rows, "last": 1762777200}}

    assert summed(sample.parse(orjson.dumps(said))) == len(rows)


@given(changes=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(sorted(trade(1, 1))), VALUES), max_size=4))
def test_every_trade_of_coinbase_is_accounted_for(changes):
    trades = [trade(n, n // 2) for n in range(6)]
    for at, field, value in changes:
        trades[at] = {**trades[at], field: value}

    assert summed(EVERY["coinbase page"].parse(orjson.dumps(trades))) == len(trades)
    assert summed(EVERY["coinbase stream"].parse(lines(*trades))) == len(trades)


@given(times=st.lists(VALUES | st.sampled_from(INSTANTS), max_size=8), data=st.data())
def test_every_row_of_yahoo_is_accounted_for(times, data):
    said = orjson.loads(EVERY["yahoo"].body)
    (result,) = said["chart"]["result"]
    result["timestamp"] = times
    for column in ("open", "high", "low", "close", "volume"):
        cells = st.lists(VALUES | st.just(1.5), min_size=len(times), max_size=len(times))
        result["indicators"]["quote"][0][column] = data.draw(cells)

    assert summed(EVERY["yahoo"].parse(orjson.dumps(said))) == len(times)


def test_an_account_that_does_not_add_up_is_refused_whole():
    account = Account("test", 3)
    account.refuse([Rejection("BAD_DATE", "d", "no date", "x", 1)])
    account.skip(SkipReason.UNFINISHED, 1)
    with pytest.raises(ProviderFormatError, match="the payload has 3 records and 2 are accounted for"):
        account.parsed()


def test_no_parser_can_give_back_anything_that_was_not_accounted_for():
    folder = Path(mktdash.providers.__file__).parent
    makers = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Parsed"
    }
    assert makers == {"account.py"}


class Recording:
    """A fetcher whose stream says given messages and ends; REST is away."""

    def __init__(self, messages: list[bytes]) -> None:
        self._messages = messages

    async def get(self, url: str, **_: object) -> RawPayload:
        raise ProviderUnavailableError("away", url=url)

    async def listen(self, url: str, *_: object, **__: object) -> AsyncIterator[bytes]:
        for message in self._messages:
            yield message
        raise ProviderUnavailableError("ended", url=url)


def heard(provider: Any, messages: list[bytes]) -> list[RawPayload]:
    """The payloads of a stream, up to its end or an error that has a name."""

    async def run() -> list[RawPayload]:
        found = []
        try:
            async for payload in provider.stream(Recording(messages), Window(), lambda: NOW):
                found.append(payload)  # noqa: PERF401 - what came before the error counts
        except MktdashError:
            pass
        return found

    return asyncio.run(run())


@pytest.mark.parametrize("name", STREAMED)
@given(at=st.integers(0, 200), value=VALUES)
def test_a_listener_loses_no_message_and_never_ends_in_a_stack_trace(name, at, value):
    sample = EVERY[name]
    messages = [orjson.loads(line) for line in sample.body.splitlines()]
    changed = replaced(messages, at % size(messages), value)
    told = [orjson.dumps(message) for message in (changed if isinstance(changed, list) else [changed])]

    for payload in heard(sample.provider, told):
        try:
            summed(list(sample.provider.parse(payload)))
        except MktdashError:
            continue


def test_what_a_stream_tells_of_others_than_those_asked_for_is_refused_and_counted():
    other = {**trade(1, 1), "product_id": "DOGE-USD"}
    odd = {"type": "ticker", "product_id": "BTC-USD", "price": "1"}
    messages = lines({"type": "subscriptions"}, trade(1, 1), other, odd, {"type": "heartbeat"}).splitlines()
    payloads = heard(CoinbaseProvider(batches=AT_ONCE), messages)

    pieces = [piece for one in payloads for piece in CoinbaseProvider().parse(one)]
    assert summed(pieces) == 3
    assert [one.code for piece in pieces for one in piece.rejected] == ["MALFORMED_ROW"]
    assert {one.alias for piece in pieces for one in piece.series} == {"BTC-USD", "DOGE-USD"}

    told = [{**candle(1), "symbol": None}, candle(2), 7]
    messages = lines({"channel": "status"}, {"channel": "ohlc", "data": told}).splitlines()
    pieces = [
        piece for one in heard(KrakenProvider(batches=AT_ONCE), messages) for piece in KrakenProvider().parse(one)
    ]
    assert {one.code for piece in pieces for one in piece.rejected} >= {"BAD_DATE"}
    assert {one.alias for piece in pieces for one in piece.series} >= {"BTC/USD"}
