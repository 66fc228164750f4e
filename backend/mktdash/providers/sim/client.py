"""The simulated market: it ticks every five seconds around the clock, flags every value, and needs no network."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta

import numpy as np
import orjson

from mktdash.domain.clock import MICROS_PER_SECOND, Clock, to_micros
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.sim.market import INSTRUMENTS, STEP_S, prices
from mktdash.providers.sim.parse import parse

DATASET = "sim-ticks"

_BACKFILL_S = 3600
_TICKS_PER_PAYLOAD = 17_280
_SYMBOLS = {instrument.symbol: instrument for instrument in INSTRUMENTS}


class SimProvider:
    """Three made-up instruments, each a function of seed and instant."""

    name = "sim"
    policy = Policy(poll_s=float(STEP_S), cache_s=0.0, requests_per_s=100.0)
    datasets = (
        DatasetSpec(
            key=DATASET,
            title="Simulated market, a tick every five seconds",
            source="sim",
            calendar="24/7",
            timezone="UTC",
            fixing_time="00:00",
            publish_delay_s=0,
            grace_s=60,
            licence="Made up by mktdash; no market data",
            simulated=True,
        ),
    )

    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Bring the ticks since the newest one held, an hour of them at most, or those of the days asked for."""
        del fetcher  # nothing is asked of anybody
        now = clock()
        first, last = _bounds(window, now)
        while first <= last:
            upto = min(last, first + _TICKS_PER_PAYLOAD - 1)
            yield self._payload(np.arange(first, upto + 1, dtype=np.int64), now)
            first = upto + 1

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read a payload of ticks."""
        return parse(payload)

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a made-up symbol."""
        known = _SYMBOLS.get(alias)
        if known is None or dataset != DATASET:
            return None
        instrument = InstrumentSpec(known.symbol, known.name, AssetClass.SIMULATED)
        return SeriesSpec(instrument, DATASET, alias, Measure.PRICE, f"{STEP_S}s", "points")

    def _payload(self, ticks: np.ndarray[tuple[int], np.dtype[np.int64]], now: datetime) -> RawPayload:
        body = orjson.dumps(
            {
                "seed": self._seed,
                "first_s": int(ticks[0]) * STEP_S,
                "step_s": STEP_S,
                "prices": {one.symbol: prices(one, self._seed, ticks).tolist() for one in INSTRUMENTS},
            }
        )
        return RawPayload(DATASET, body, f"sim:seed={self._seed}", now, now, content_type="application/json")


def _bounds(window: Window, now: datetime) -> tuple[int, int]:
    """The first and the last tick to give, both included, as multiples of the step; no tick lies ahead of now."""
    last = int(now.timestamp()) // STEP_S
    if window.last is not None:
        end = datetime.combine(window.last + timedelta(days=1), time(), UTC)
        last = min(last, to_micros(end) // (STEP_S * MICROS_PER_SECOND) - 1)
    if window.first is not None:
        return to_micros(datetime.combine(window.first, time(), UTC)) // (STEP_S * MICROS_PER_SECOND), last
    first = last - _BACKFILL_S // STEP_S + 1
    if DATASET in window.newest:
        first = max(first, window.newest[DATASET] // (STEP_S * MICROS_PER_SECOND) + 1)
    return first, last
