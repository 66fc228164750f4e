"""The five key reads as requests, over data as a small site has it: the ECB's history, verdicts, a few reports."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, Clock, iso, system_clock, to_micros
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.domain.observation import Columns
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.base import Parsed, ParsedSeries, Policy, RawPayload
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.quality.runner import run_quality
from ops.load.clients import MANY, Anew, Client, apollo, gql, page, pages_own, raw, urql

POINTS = 5_000
DATASET = "load"
_SYMBOL = "LOAD"

QUERIES: Mapping[str, tuple[Client, str]] = {
    "watchlist": (
        apollo,
        (
            "query Watchlist { instruments(first: 50) { totalCount edges { node { symbol name series { quality latest "
            "{ value change changePercent asOf flags } recent(last: 30) { value } } } } } }"
        ),
    ),
    "series": (
        urql,
        (
            f'query Series {{ series(symbol: "{_SYMBOL}") {{ dataVersion latest {{ value }} points '
            "{ asOf value flags } } }"
        ),
    ),
    "quality": (
        gql,
        (
            "query Quality { datasets { key title version quality { status metrics { metric status value summary "
            "since } } } }"
        ),
    ),
    "reports": (page, pages_own()["ReportRuns"]),
    # These are new ones each time, so that it is not only kept answers that are measured.
    "point_in_time": (
        apollo,
        (
            'query Then($at: DateTime!) { series(symbol: "EURUSD", asKnownAt: $at, maxPoints: 500) { points '
            "{ asOf value } } }"
        ),
    ),
    "window": (
        apollo,
        (
            f'query Window($from: DateTime!) {{ series(symbol: "{_SYMBOL}", from: $from) {{ latest {{ value }} points '
            "{ asOf value flags } } }"
        ),
    ),
    "other_watchlist": (
        apollo,
        (
            "query Others($first: Int!) { instruments(first: $first) { edges { node { symbol name series { latest "
            "{ value change } quality } } } } }"
        ),
    ),
}
_FRESH = frozenset({"point_in_time", "window", "other_watchlist"})


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


def requests(clock: Clock = system_clock) -> dict[str, Sequence[bytes]]:
    """Raw requests by the name of their read, as people's clients write them; and all of them as ``mixed``."""
    made: dict[str, Sequence[bytes]] = {
        name: Anew(partial(_request, client, text, clock())) if name in _FRESH else [_request(client, text, clock(), 0)]
        for name, (client, text) in QUERIES.items()
    }
    return made | {"mixed": InTurn(list(made.values()))}


class InTurn(Sequence[bytes]):
    """One of each in turn."""

    def __init__(self, each: Sequence[Sequence[bytes]]) -> None:
        self._each = each

    def __len__(self) -> int:
        return MANY

    def __getitem__(self, at: Any) -> Any:
        return self._each[at % len(self._each)][0]


def _request(client: Client, text: str, now: datetime, n: int) -> bytes:
    """The n-th request; what a text does not declare makes it another question with the same answer."""
    some: dict[str, object] = {"asked": n}
    if "$at" in text:
        some["at"] = iso(to_micros(now - timedelta(seconds=n + 1)))
    if "$from" in text:
        some["from"] = iso(n * MICROS_PER_SECOND)
    return raw(client(text, some | ({"first": 50} if "$first" in text else {})))
