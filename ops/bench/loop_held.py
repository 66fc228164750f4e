"""How long one request may hold a web process up: the longest step of the event loop, by the CPU time of its thread.

Each document is the worst that one of the limits lets through, or the worst that it refuses; each text is new to the
server. Everything runs as in ``mktdash web``, over the ECB's history, with the limits' defaults; only the socket is
left out. What other programs take from this machine does not count.
"""

import asyncio
import random
import string
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.app import create_app
from mktdash.domain.clock import system_clock
from mktdash.graphql.documents.limits import MOST, MOST_CHARACTERS, MOST_TOKENS
from mktdash.graphql.transport.requests import MOST_BODY_BYTES, MOST_VALUES
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.resources import Resources
from mktdash.settings import Settings
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine
from ops.bench.table import Figure

TITLE = "The longest that one request holds a web process up"
_BOUND_MS = 50.0
_ROUNDS = 5
_CURRENCIES = ("USD", "JPY", "GBP", "CHF", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "ZAR", "INR")
_LETTERS = random.Random(20261)  # noqa: S311 - texts that differ, not secrets


async def measure() -> list[Figure]:
    """Milliseconds of the longest step, the least of five tries, for each document."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        try:
            await upgrade(engine)
            payload = recorded_history(system_clock)
            await ingest_payload(engine, EcbProvider(), payload, run_id="bench", code_sha="bench", clock=system_clock)
            return await _measured(engine)
        finally:
            await engine.dispose()


async def _measured(engine: AsyncEngine) -> list[Figure]:
    settings = Settings(cost_rate=0, request_rate=0)
    resources = Resources(
        settings=settings,
        engine=engine,
        redis=Redis.from_url("unix:///nowhere/redis.sock"),
        clock=system_clock,
        code_sha="bench",
        started_at=system_clock(),
    )
    app = create_app(resources)
    figures = []
    async with app.router.lifespan_context(app):
        for name, body in _documents().items():
            longest = [await _longest_step(app, body) for _ in range(_ROUNDS)]
            figures.append(Figure(name, min(longest) * 1e3, "ms", _BOUND_MS, "less"))
        for name, headers in _headers().items():
            longest = [await _longest_step(app, {"query": "{ viewer { role } }"}, headers) for _ in range(_ROUNDS)]
            figures.append(Figure(name, min(longest) * 1e3, "ms", _BOUND_MS, "less"))
    await resources.redis.aclose()
    return figures


async def _longest_step(app: Any, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> float:
    """Ask once, and give the CPU seconds of the longest step meanwhile."""
    asked = orjson.dumps({**body, "query": f"{body['query']} #{''.join(_LETTERS.choices(string.ascii_letters, k=8))}"})
    sent = asyncio.Event()
    given = {"host": "localhost", "content-type": "application/json", **(headers or {})}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8000),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    messages = iter([{"type": "http.request", "body": asked, "more_body": False}])

    async def receive() -> Any:
        message = next(messages, None)
        if message is None:
            await sent.wait()
            return {"type": "http.disconnect"}
        return message

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            sent.set()

    with _steps() as steps:
        await asyncio.create_task(app(scope, receive, send))
    return max(steps)


@contextmanager
def _steps() -> Iterator[list[float]]:
    run, steps = asyncio.Handle._run, [0.0]  # noqa: SLF001 - the loop has no hook for its steps

    def timed(handle: asyncio.Handle) -> None:
        started = time.thread_time()
        run(handle)
        steps.append(time.thread_time() - started)

    asyncio.Handle._run = timed  # type: ignore[method-assign]  # noqa: SLF001 - as above
    try:
        yield steps
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]  # noqa: SLF001 - as above


def _documents() -> dict[str, Mapping[str, Any]]:
    viewer, all_points = "viewer { role name canRead } ", "points { asOf value open high low volume flags } "
    pairs = 77
    fragments = 38
    series = [f'a{n}: series(symbol: "EUR{code}") {{ {all_points}}}' for n, code in enumerate(_CURRENCIES)]
    recent = "instruments(first: 41) { edges { node { symbol series { recent(last: 30) { value asOf flags } } } } }"
    near = [f'a{n}: series(symbol: "{"EURUSX" * 16}") {{ id }}' for n in range(49)]
    return {
        "accepted: tokens and fields": {"query": "{" + " ".join(f"... {{ {viewer}}}" for _ in range(60)) + "}"},
        "accepted: operations": {
            "query": " ".join(f"query Q{n} {{ {viewer}}}" for n in range(MOST.operations)),
            "operationName": "Q1",
        },
        "accepted: one name often": {"query": "{" + "viewer { role } " * (pairs // 2) + "}"},
        "accepted: fragments": {
            "query": "{"
            + "".join(f"...F{n} " for n in range(fragments))
            + "}"
            + " ".join(f"fragment F{n} on Query {{ a{n}: serverInfo {{ version }} }}" for n in range(fragments))
        },
        "accepted: characters": {"query": "{ viewer { role } } #" + "x" * (MOST_CHARACTERS - 100)},
        "accepted: a long string": {
            "query": '{ instruments(search: """' + "x\n" * ((MOST_CHARACTERS - 100) // 2) + '""") { totalCount } }'
        },
        "accepted: introspection": {
            "query": "{ __schema { types { name description fields { name description args { name type { name } } "
            "type { name ofType { name ofType { name } } } } } } }"
        },
        "accepted: values of variables": {
            "query": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            "variables": {"ids": ["x"] * (MOST_VALUES - 1)},
        },
        "accepted: 15 series whole": {"query": "{" + " ".join(series) + "}"},
        "accepted: a series of all columns, 49 times": {
            "query": "{" + " ".join(f'a{n}: series(symbol: "EURUSD") {{ {all_points}}}' for n in range(49)) + "}"
        },
        "accepted: 41 instruments' last 30 points": {"query": "{" + recent + "}"},
        "accepted: 49 unknown symbols": {"query": "{" + " ".join(near) + "}"},
        "refused: an unused fragment": {
            "query": "{ viewer { role } } fragment F on Query {" + "viewer { role } " * 480 + "}"
        },
        "refused: one name too often": {"query": "{" + "viewer { role } " * 240 + "}"},
        "refused: tokens": {"query": "{" + "a " * (MOST_TOKENS + 1) + "}"},
        "refused: characters": {"query": "{ viewer { role } } " + "x\n" * 100_000},
        "refused: unknown fields": {"query": "{" + " ".join(f"insturments{n}" for n in range(480)) + "}"},
        "refused: a list of the wrong type": {"query": "{ series(symbol: [" + "1 " * 1_900 + "]) { id } }"},
        "refused: operations": {"query": " ".join(f"query Q{n} {{ {viewer}}}" for n in range(190))},
        "refused: variables": {
            "query": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            "variables": {"ids": [1] * ((MOST_BODY_BYTES - 2_000) // 2)},
        },
    }


def _headers() -> dict[str, Mapping[str, str]]:
    return {
        "header: accept": {"accept": "text/html;q=0.1," * 4_000},
        "header: accept-encoding": {"accept-encoding": "br;q=0.1," * 6_000},
        "header: cookie": {"cookie": "a=b; " * 12_000},
        "header: authorization": {"authorization": "Bearer mkt_" + "x_" * 30_000},
    }
