"""The five key reads as requests, over data as a small site has it: the ECB's history, verdicts, a few reports."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta

import numpy as np
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import MICROS_PER_DAY, Clock, system_clock, to_micros
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.domain.observation import Columns
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.base import Parsed, ParsedSeries, Policy, RawPayload
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.quality.runner import run_quality
from ops.load.driver import post

POINTS = 5_000
DATASET = "load"
_SYMBOL = "LOAD"

QUERIES: Mapping[str, str] = {
    "watchlist": "{ instruments(first: 50) { totalCount edges { node { symbol name series { quality latest "
    "{ value change changePercent asOf flags } recent(last: 30) { value } } } } } }",
    "series": f'{{ series(symbol: "{_SYMBOL}") {{ dataVersion latest {{ value }} points {{ asOf value flags }} }} }}',
    "quality": "{ datasets { key title version quality { status metrics { metric status value summary since } } } }",
    "reports": "{ reportRuns(first: 20) { totalCount edges { node { runId state progress artifacts { format } } } } }",
    "point_in_time": 'query($at: DateTime!) { series(symbol: "EURUSD", asKnownAt: $at, maxPoints: 500) '
    "{ points { asOf value } } }",
}


class Ticks:
    """A series that grows by a day a batch while it is read."""

    name = DATASET
    policy = Policy()
    datasets = (DatasetSpec(DATASET, "Under load", DATASET, "24/7", "UTC", "00:00", 0, 3600),)

    async def fetch(self, *_: object) -> AsyncIterator[RawPayload]:
        """Nothing to fetch."""
        for payload in ():
            yield payload

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """The days from one number to another."""
        with payload.open() as stream:
            first, last = map(int, stream.read().split())
        n = np.arange(first, last, dtype=np.int64)
        columns = Columns(as_of=n * MICROS_PER_DAY, value=100 + np.sin(n / 50), flags=np.zeros(len(n), np.int64))
        yield Parsed([ParsedSeries(_SYMBOL, columns)])

    def describe(self, dataset: str, alias: str) -> SeriesSpec:
        """The one series."""
        return SeriesSpec(InstrumentSpec(alias, alias, AssetClass.INDEX), dataset, alias, Measure.INDEX, "1d", "index")


async def tell(engine: AsyncEngine, first: int, last: int, clock: Clock = system_clock) -> None:
    """Write days of the series under load."""
    payload = RawPayload(DATASET, f"{first} {last}".encode(), "load:ticks", clock(), clock())
    await ingest_payload(engine, Ticks(), payload, clock=clock, run_id="load", code_sha="load")


async def fill(engine: AsyncEngine, clock: Clock = system_clock) -> None:
    """What the reads read."""
    await ingest_payload(engine, EcbProvider(), recorded_history(clock), clock=clock, run_id="load", code_sha="load")
    await tell(engine, 0, POINTS, clock)
    await run_quality(engine, clock=clock, code_sha="load")


def requests(clock: Clock = system_clock) -> dict[str, list[bytes]]:
    """Raw requests by the name of their read, and all of them as ``mixed``."""
    now = clock()
    made = {}
    for name, query in QUERIES.items():
        # A point in time is a new one each time, or it would only be kept answers that are measured.
        instants = [now - timedelta(minutes=n) for n in range(1, 40)] if "$at" in query else [None]
        made[name] = [
            post("/graphql", orjson.dumps({"query": query} | _variables(None if at is None else to_micros(at))))
            for at in instants
        ]
    return made | {"mixed": [one for some in made.values() for one in some[:2]]}


def _variables(at: int | None) -> dict[str, object]:
    if at is None:
        return {}
    text = np.datetime_as_string(np.int64(at).view("datetime64[us]"), unit="s")
    return {"variables": {"at": f"{text}Z"}}
