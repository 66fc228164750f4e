"""Forty subscribers that hang up at any moment, on PostgreSQL: nobody else reads the past, misses an event or fails."""

import asyncio
import random
from contextlib import aclosing, suppress
from datetime import datetime
from itertools import count

import asyncpg
import orjson
import pytest
from sqlalchemy.engine import make_url
from tests.e2e.running import Running
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted
from tests.factories.web.application import client_of, socket_to
from websockets.exceptions import ConnectionClosed, WebSocketException

from mktdash.domain.clock import system_clock
from mktdash.store.engine.session import open_engine

pytestmark = pytest.mark.postgres

HANG_UPS = 6
SUBSCRIBERS = 40
STAYERS = 6
SOME = ["AA", "BA", "SIM.ALPHA"]
# All are of one address; what one may have of requests, cost and streams is tested elsewhere.
UNLIMITED = {"MKTDASH_REQUEST_RATE": "0", "MKTDASH_COST_RATE": "0"}
LATEST = 'query($n: Int!) { instrument(symbol: "SIM.ALPHA") { series { latest { asOf } recent(last: $n) { count } } } }'
REPORT = (
    'mutation($k: String) { requestReport(input: {template: "market-summary", '
    'parameters: {symbols: ["SIM.ALPHA"]}, idempotencyKey: $k}) { __typename } }'
)


def subscription(since, symbols=None):
    query = "subscription($of: [String!], $s: String) { observations(symbols: $of, since: $s) { cursor } }"
    return {"query": query, "variables": {"s": since, "of": symbols}}


async def hang_up_on_events(address, chance, since):
    """Ask for server-sent events and abort the connection, with whatever of them is on its way."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = orjson.dumps(subscription(since, SOME))
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    # Its reads begin when its head is sent.
    await reader.read(chance.choice((1, 1, 4_000)))
    await asyncio.sleep(0.1 * chance.random())
    writer.transport.abort()


async def hang_up_on_socket(address, chance, since):
    """The same over a WebSocket."""
    with suppress(WebSocketException, OSError):
        socket = await socket_to(address)
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": subscription(since)}).decode())
        await asyncio.sleep(chance.choice((0.003, 0.01, 0.1)) * chance.random())
        socket.transport.abort()


async def rude(address, seed, since):
    """Hang up again and again."""
    chance = random.Random(seed)  # noqa: S311 - no secret hangs on it
    for _ in range(HANG_UPS):
        await (hang_up_on_events if seed % 2 else hang_up_on_socket)(address, chance, since)


async def events_of(address, since, over_socket):
    """The cursors of a stream from a place on, as they come."""
    if over_socket:
        async with socket_to(address) as socket:
            await socket.send('{"type": "connection_init"}')
            await socket.recv()
            await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": subscription(since)}).decode())
            async for message in socket:
                yield cursor_in(orjson.loads(message)["payload"])
    else:
        accept = {"accept": "text/event-stream"}
        async with (
            client_of(address) as client,
            client.stream("POST", "/graphql", json=subscription(since), headers=accept) as response,
        ):
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    yield cursor_in(orjson.loads(line.removeprefix("data: ")))


def cursor_in(said):
    assert "errors" not in said, said
    return said["data"]["observations"]["cursor"]


async def stay(address, seed, since, until):
    """Follow, leave, and resume, until an event of ``until()`` was seen; the offsets seen."""
    chance, seen = random.Random(seed), []  # noqa: S311 - as above
    while not seen or seen[-1] < until():
        left = chance.randint(1, 60)
        events = events_of(address, since, seed % 2)
        # Whoever is dropped comes back, as clients do.
        async with aclosing(events):
            with suppress(ConnectionClosed):
                async for cursor in events:
                    since = cursor
                    seen.append(int(cursor.rpartition(":")[2]))
                    left -= 1
                    if not left or seen[-1] >= until():
                        break
    return seen


class Distance:
    """Stands before a PostgreSQL server as if it were some way off, so that most of a request's time is waiting."""

    def __init__(self, server):
        self.seconds = 0.0
        self._server = server

    async def serve(self, folder):
        """Listen in a folder, as the server does in its own."""
        return await asyncio.start_unix_server(self._pass_on, folder / ".s.PGSQL.5432")

    async def _pass_on(self, reader, writer):
        with suppress(OSError):
            there, back = await asyncio.open_unix_connection(f"{self._server}/.s.PGSQL.5432")
            await asyncio.gather(self._copy(reader, back), self._copy(there, writer))

    async def _copy(self, reader, writer):
        with suppress(OSError):
            while some := await reader.read(65536):
                await asyncio.sleep(self.seconds)
                writer.write(some)
        writer.close()


async def test_who_hangs_up_hurts_nobody_else(make_database, tmp_path_factory):
    url = await make_database("postgres", "empty")
    at = make_url(url)
    tmp_path = tmp_path_factory.mktemp("far")
    distance = Distance(at.query["host"])
    server = await distance.serve(tmp_path)
    url = at.update_query_dict({"host": str(tmp_path)}).render_as_string(hide_password=False)
    database = await asyncpg.connect(user=at.username, database=at.database, host=at.query["host"])
    running = await asyncio.to_thread(Running, tmp_path / "home", settings=UNLIMITED | {"DATABASE_URL": url})
    try:
        await asyncio.to_thread(running.wait_for_line, "ready: ")
        await asyncio.to_thread(running.judged, "SIM.ALPHA")
        await hurt_nobody(running, database, url, distance)
    finally:
        distance.seconds = 0.0
        await asyncio.to_thread(running.__exit__)
        await database.close()
        server.close()


async def hurt_nobody(running, database, url, distance):
    address = running.url.removeprefix("http://")
    since = (await asyncio.to_thread(running.graphql, "{ serverInfo { cursor } }"))["serverInfo"]["cursor"]
    last, numbers, turn = None, count(), asyncio.Lock()
    headers = {"authorization": f"Bearer {running.token}"}
    async with client_of(address) as client, asyncio.timeout(900), asyncio.TaskGroup() as group:
        # Something to read for whoever resumes when it hangs up.
        engine = open_engine(url)
        for version in range(4):
            said = {f"{chr(65 + n % 26)}{chr(65 + n // 26)}": {0: float(version + n)} for n in range(30)}
            await ingest(engine, scripted(said, system_clock()))
        await engine.dispose()
        distance.seconds = 0.005

        async def post(query, **variables):
            body = {"query": query, "variables": variables}
            answer = (await client.post("/graphql", json=body, headers=headers)).json()
            assert "errors" not in answer, answer
            return answer["data"]

        async def fresh():
            """A read that is not kept sees what was there before it."""
            async with turn:
                truth = await newest(database)
            series = (await post(LATEST, n=next(numbers) % 500 + 1))["instrument"]["series"]
            seen = max(micros(one["latest"]["asOf"]) for one in series)
            assert seen >= truth, f"{seen} read, {truth} was there"

        stayers = [
            group.create_task(stay(address, seed, since, lambda: last if last is not None else float("inf")))
            for seed in range(STAYERS)
        ]
        storm = [group.create_task(rude(address, seed, since)) for seed in range(SUBSCRIBERS)]
        while not all(task.done() for task in storm):
            await fresh()
            await post(REPORT, k=f"beside {next(numbers) % 3}")
        views = await open_views(database)
        await asyncio.gather(*(post(REPORT, k=f"after {n % 3}") for n in range(24)))
        await asyncio.gather(*(fresh() for _ in range(24)))
        for _ in range(10):
            parts = (await client.get("/api/health/ready")).json()["checks"]
            assert parts["database"]["status"] == parts["redis"]["status"] == "ok", parts
        distance.seconds = 0.0
        # What was open when the storm ended has ended.
        while views & await open_views(database):  # noqa: ASYNC110 - the server tells only when asked
            await asyncio.sleep(0.1)
        last = await database.fetchval("SELECT max(id) FROM event WHERE topic = 'observations'")

    first = int(since.rpartition(":")[2])
    told = await database.fetch("SELECT id FROM event WHERE topic = 'observations' AND id > $1 ORDER BY id", first)
    for stayer in stayers:
        seen = stayer.result()
        assert seen == [row["id"] for row in told if row["id"] <= seen[-1]]


async def newest(database):
    """The instant of the newest value, in microseconds."""
    return await database.fetchval(
        "SELECT max(as_of) FROM latest JOIN series ON series.id = series_id"
        " JOIN instrument ON instrument.id = instrument_id WHERE symbol = 'SIM.ALPHA'"
    )


async def open_views(database):
    """The transactions that are open, each by its process and beginning."""
    rows = await database.fetch(
        "SELECT pid, xact_start FROM pg_stat_activity"
        " WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
    )
    return {(row["pid"], row["xact_start"]) for row in rows}


def micros(text):
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)
