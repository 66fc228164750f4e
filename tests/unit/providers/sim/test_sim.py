"""The simulated market: made up, said so, and the same every time."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.flags import Flag
from mktdash.providers.base import RawPayload, Window
from mktdash.providers.sim.client import DATASET, SimProvider
from mktdash.providers.sim.market import INSTRUMENTS, prices

NOW = datetime(2026, 11, 2, 9, 0, 3, tzinfo=UTC)
RECENT = Window()


async def fetched(window=RECENT, seed=7, now=NOW):
    return [payload async for payload in SimProvider(seed).fetch(None, window, lambda: now)]


def columns_of(payloads, symbol="SIM.ALPHA"):
    provider = SimProvider(7)
    pieces = [piece for payload in payloads for piece in provider.parse(payload)]
    parts = [one.columns for piece in pieces for one in piece.series if one.alias == symbol]
    return np.concatenate([part.as_of for part in parts]), np.concatenate([part.value for part in parts]), parts


async def test_a_first_fetch_brings_the_last_hour_and_nothing_of_the_future():
    as_of, values, parts = columns_of(await fetched())

    assert len(as_of) == 720
    assert as_of[-1] == to_micros(datetime(2026, 11, 2, 9, 0, 0, tzinfo=UTC))
    assert set(np.diff(as_of).tolist()) == {5 * MICROS_PER_SECOND}
    assert (values > 0).all()
    assert all((part.flags == int(Flag.SIMULATED)).all() for part in parts)


async def test_the_next_fetch_goes_on_where_the_last_one_ended():
    as_of, *_ = columns_of(await fetched())
    later = datetime(2026, 11, 2, 9, 0, 12, tzinfo=UTC)

    following, *_ = columns_of(await fetched(Window(newest={DATASET: int(as_of[-1])}), now=later))
    assert following.tolist() == [as_of[-1] + 5 * MICROS_PER_SECOND, as_of[-1] + 10 * MICROS_PER_SECOND]
    assert await fetched(Window(newest={DATASET: int(following[-1])}), now=later) == []


async def test_any_window_comes_out_the_same_again_whole_or_in_parts():
    whole, values, _ = columns_of(await fetched(Window(date(2026, 10, 30), date(2026, 10, 31))))
    hour, again, _ = columns_of(await fetched(now=datetime(2026, 10, 31, 13, 0, tzinfo=UTC)))

    assert len(whole) == 2 * 17_280
    assert again.tolist() == values[np.isin(whole, hour)].tolist()


async def test_another_seed_is_another_market():
    assert (await fetched(seed=7))[0].body == (await fetched(seed=7))[0].body
    _, one, _ = columns_of(await fetched(seed=7))
    _, other, _ = columns_of(await fetched(seed=8))
    assert (one != other).mean() > 0.9


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: one.symbol)
def test_the_path_moves_about_as_much_as_it_says(instrument):
    ticks = np.arange(17_280 * 60, dtype=np.int64) + 359_000_000
    path = np.log(prices(instrument, 7, ticks))

    hourly = np.diff(path[::720]).std() * np.sqrt(365 * 24)
    assert 0.5 * instrument.volatility < hourly < 1.7 * instrument.volatility
    assert np.abs(np.diff(path)).max() < 0.03, "no jumps between two ticks"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"first_s": 1}', b'{"first_s":1,"step_s":5,"prices":{"A":["x"]}}']
)
def test_a_payload_of_something_else_is_a_format_error(body):
    with pytest.raises(ProviderFormatError):
        list(SimProvider(7).parse(RawPayload(DATASET, body, "test:", NOW, NOW)))


def test_every_instrument_is_described_as_simulated():
    specs = [SimProvider(7).describe(DATASET, one.symbol) for one in INSTRUMENTS]
    assert {spec.instrument.asset_class for spec in specs} == {"SIMULATED"}
    assert SimProvider(7).describe(DATASET, "EURUSD") is None
    assert SimProvider(7).datasets[0].simulated
