"""How much answering a series as columns saves: the same server, the same 5,000 points, as columns and as objects.

Both ways go through the whole ASGI application (identity, headers, parsing, validation, the database) over real
sockets, with no answer cached, in turns within one run; the figure is the ratio of requests per second. The load
generator is the small one of ``ops/load``: a client library took longer over an answer than the server did.
"""

import asyncio
import json
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import strawberry
import uvicorn
from redis.asyncio import Redis

from mktdash.app import create_app
from mktdash.code_version import code_sha
from mktdash.domain.clock import system_clock
from mktdash.graphql.context import Info
from mktdash.graphql.roots import Query
from mktdash.graphql.schema import MktdashSchema
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.resources import Resources
from mktdash.settings import Settings
from mktdash.store.catalogue.series import series_by_symbol
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine
from mktdash.store.series.reading import read_columns
from ops.bench.table import Figure
from ops.load.driver import drive, post

TITLE = "GraphQL: one series of 5,000 points, uncached"
POINTS = 5_000
_ROUNDS = 5
_AT_ONCE = 4
_SECONDS = 6.0


@strawberry.type
class Point:
    """One observation as an object, the way most servers answer."""

    as_of: Instant
    value: float


@strawberry.type
class BenchQuery(Query):
    """The served schema, and beside it the same series as a list of objects."""

    @strawberry.field
    async def points_as_objects(self, info: Info, symbol: str, start: Instant) -> list[Point]:
        """The same read, one object a point."""
        async with info.context.read() as conn:
            columns = await read_columns(conn, await series_by_symbol(conn, symbol), start=start)
        return [
            Point(as_of=Instant(as_of), value=value)
            for as_of, value in zip(columns.as_of.tolist(), columns.value.tolist(), strict=True)
        ]


# Asked for at most more points than there are, a series is read and encoded anew; else encoded chunks are kept.
ANEW = (
    'query($start: DateTime!) { series(symbol: "EURUSD", from: $start, maxPoints: 100000) { points { asOf value } } }'
)
COLUMNS = 'query($start: DateTime!) { series(symbol: "EURUSD", from: $start) { points { asOf value } } }'
OBJECTS = 'query($start: DateTime!) { pointsAsObjects(symbol: "EURUSD", start: $start) { asOf value } }'


async def measure() -> list[Figure]:
    """Requests per second both ways, and their ratio."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        engine = open_engine(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        await upgrade(engine)
        await ingest_payload(
            engine, EcbProvider(), recorded_history(system_clock), clock=system_clock, run_id="bench", code_sha="bench"
        )
        app = create_app(
            Resources(
                settings=Settings(answer_cache_mb=0, request_rate=0, cost_rate=0),
                engine=engine,
                redis=Redis.from_url(f"unix://{folder}/none.sock"),
                clock=system_clock,
                code_sha=code_sha(),
                started_at=system_clock(),
            ),
            MktdashSchema(BenchQuery),
        )
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells by this flag alone
            await asyncio.sleep(0.01)
        try:
            found = await _compare(listener.getsockname())
        finally:
            server.should_exit = True
            await serving
            await engine.dispose()
    rates = {name: median(rounds) for name, rounds in found.items()}
    return [
        Figure(f"as columns, nothing kept, {_AT_ONCE} at once", rates["anew"], "req/s"),
        Figure(f"as columns, encoded chunks kept, {_AT_ONCE} at once", rates["columns"], "req/s"),
        Figure(f"as objects, {_AT_ONCE} at once", rates["objects"], "req/s"),
        Figure("columns, nothing kept / objects", _ratio(found["anew"], found["objects"]), "x", 8.0),
        Figure("columns / objects", _ratio(found["columns"], found["objects"]), "x"),
    ]


async def _compare(address: tuple[str, int]) -> dict[str, list[float]]:
    url = f"http://{address[0]}:{address[1]}"
    async with httpx.AsyncClient(base_url=url, headers={"accept-encoding": "identity"}, timeout=30) as client:
        every = await _ask(client, COLUMNS, {"start": "1999-01-01T00:00:00Z"})
        start = every["series"]["points"]["asOf"][-POINTS]
        variables = {"start": start}
        columns = await _ask(client, COLUMNS, variables)
        objects = await _ask(client, OBJECTS, variables)
        points = columns["series"]["points"]
        same = [{"asOf": as_of, "value": value} for as_of, value in zip(points["asOf"], points["value"], strict=True)]
        if len(same) != POINTS or same != objects["pointsAsObjects"]:
            raise SystemExit("the two ways do not say the same")
        if await _ask(client, ANEW, variables) != columns:
            raise SystemExit("kept chunks do not say what the store says")
        rates: dict[str, list[float]] = {"anew": [], "columns": [], "objects": []}
        for _ in range(_ROUNDS):
            rates["anew"].append(await asyncio.to_thread(_rate, address, ANEW, variables))
            rates["columns"].append(await asyncio.to_thread(_rate, address, COLUMNS, variables))
            rates["objects"].append(await asyncio.to_thread(_rate, address, OBJECTS, variables))
    return rates


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """The middle of the rounds' ratios: what else the machine does falls on both ways of a round."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


async def _ask(client: httpx.AsyncClient, query: str, variables: Mapping[str, Any]) -> Any:
    body = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    if "errors" in body:
        raise SystemExit(body["errors"][0]["message"])
    return body["data"]


def _rate(address: tuple[str, int], query: str, variables: Mapping[str, Any]) -> float:
    """Answers a second, asked by a few clients at once; bodies are read and not decoded."""
    request = post("/graphql", json.dumps({"query": query, "variables": variables}).encode())
    tally = drive(address, [request], connections=_AT_ONCE, seconds=_SECONDS / _ROUNDS)
    if tally.errors:
        raise SystemExit(f"{tally.errors} answers were not good")
    return tally.rate
