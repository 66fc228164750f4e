"""An answer that nobody waits for, or that takes too long, ends in the database too; one too large is not sent."""

import asyncio
from contextlib import asynccontextmanager, suppress

import orjson
import pytest
import strawberry
from asyncpg import PostgresConnectionError
from sqlalchemy import text
from tests.factories.web.application import client_of, resources_over, served, socket_to, web_over

from mktdash import app as entry
from mktdash.graphql.context import Info
from mktdash.graphql.schema import MktdashSchema
from mktdash.store.engine.session import open_engine, read_transaction

pytestmark = pytest.mark.both_loops

# It would count for longer than any test waits.
ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT count(*) FROM n"
)
MARKS = {}


async def endless(context):
    """Read without end, and say when that began and was over."""
    try:
        async with context.read() as conn:
            await conn.execute(text("SELECT 1"))
            MARKS["started"].set()
            if MARKS["limits"]:
                MARKS["limits"][-1].reschedule(asyncio.get_running_loop().time() + 0.1)
            await conn.execute(ENDLESS)
    finally:
        MARKS["ended"].set()


class EndlessLoader(strawberry.dataloader.DataLoader):
    """Reads on a task of its own."""

    def __init__(self, context):
        async def load(keys):
            await endless(context)
            return keys

        super().__init__(load_fn=load)


@strawberry.type
class Slow:
    """Fields that never come."""

    @strawberry.field
    async def resolved(self, info: Info) -> int:
        await endless(info.context)
        return 1

    @strawberry.field
    async def loaded(self, info: Info) -> int:
        return await EndlessLoader(info.context).load(1)

    @strawberry.field
    def large(self) -> str:
        return "x" * 2_000_000


class BriefSchema(MktdashSchema):
    """The time that a query has ends when an endless read is under way, however slow the machine is."""

    def _time_to_answer(self):
        limit = asyncio.timeout(None)
        MARKS["limits"].append(limit)
        return limit


@pytest.fixture(autouse=True)
def events():
    """New for each test: an event belongs to the loop that first waits for it."""
    MARKS.update(started=asyncio.Event(), ended=asyncio.Event(), limits=[])


async def idly(address, engine):
    """How many connections a process holds that has answered and rests."""
    async with client_of(address) as client:
        (await client.post("/graphql", json={"query": "{ __typename }"})).raise_for_status()
    return engine.pool.checkedout()


async def quiet(engine, idle):
    """Return when no statement of the endless kind runs and every connection is back."""
    while engine.pool.checkedout() > idle:  # noqa: ASYNC110 - pools tell by this count alone
        await asyncio.sleep(0.01)
    if engine.dialect.name == "postgresql":
        while await under_way(engine):  # noqa: ASYNC110 - what the server does can only be looked at
            await asyncio.sleep(0.01)


async def under_way(engine):
    """How many statements of the endless kind PostgreSQL runs in a database."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%RECURSIVE n(i)%'"
        " AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with read_transaction(engine) as conn:
        return (await conn.execute(statement)).scalar_one()


@pytest.mark.parametrize("field", ["resolved", "loaded"])
async def test_when_its_client_goes_away_a_query_stops_working(engine, monkeypatch, field):
    monkeypatch.setattr(entry, "MktdashSchema", lambda **_: MktdashSchema(query=Slow))
    async with served(resources_over(engine)) as address:
        host, port = address.split(":")
        idle = await idly(address, engine)
        _, writer = await asyncio.open_connection(host, int(port))
        body = orjson.dumps({"query": f"{{ {field} }}"})
        head = f"POST /graphql HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        async with asyncio.timeout(60):
            await MARKS["started"].wait()
            assert not MARKS["ended"].is_set()

            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

            await MARKS["ended"].wait()
            await quiet(engine, idle)


@asynccontextmanager
async def watched_ending(engine, monkeypatch, schema=MktdashSchema):
    """A server of slow fields; what was begun inside is given up there, and outside has ended in the database too."""
    monkeypatch.setattr(entry, "MktdashSchema", lambda **_: schema(query=Slow))
    async with served(resources_over(engine)) as address:
        idle = await idly(address, engine)
        async with asyncio.timeout(60):
            yield address
            await MARKS["ended"].wait()
            await quiet(engine, idle)


async def begun_over_socket(address, field):
    socket = await socket_to(address)
    await socket.send('{"type": "connection_init"}')
    assert orjson.loads(await socket.recv())["type"] == "connection_ack"
    await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": {"query": f"{{ {field} }}"}}).decode())
    return socket


@pytest.mark.parametrize("way", ["closes the socket", "completes the operation"])
async def test_over_a_socket_too_a_query_stops_working_when_its_client(engine, monkeypatch, way):
    async with watched_ending(engine, monkeypatch) as address:
        socket = await begun_over_socket(address, "resolved")
        await MARKS["started"].wait()

        if way == "completes the operation":
            await socket.send('{"id": "1", "type": "complete"}')
            await MARKS["ended"].wait()
        await socket.close()


async def test_as_server_sent_events_too_a_query_stops_working_when_its_client_goes_away(engine, monkeypatch):
    async with watched_ending(engine, monkeypatch) as address, client_of(address) as client:
        headers = {"accept": "text/event-stream"}
        body = {"query": "{ resolved }"}
        async with client.stream("POST", "/graphql", json=body, headers=headers) as response:
            assert response.status_code == 200
            await MARKS["started"].wait()


async def test_over_a_socket_too_a_query_has_its_time(engine, monkeypatch):
    async with watched_ending(engine, monkeypatch, BriefSchema) as address:
        socket = await begun_over_socket(address, "loaded")

        said = orjson.loads(await socket.recv())
        assert said["payload"]["errors"][0]["extensions"]["code"] == "TIMED_OUT"
        assert orjson.loads(await socket.recv()) == {"id": "1", "type": "complete"}
        await socket.close()


async def test_as_server_sent_events_too_a_query_has_its_time(engine, monkeypatch):
    async with watched_ending(engine, monkeypatch, BriefSchema) as address:
        events = await as_events(address, "resolved")

    assert "TIMED_OUT" in events
    assert events.rstrip().splitlines()[-2:] == ["event: complete", "data:"]


async def as_events(address, field):
    async with client_of(address) as client:
        body = {"query": f"{{ {field} }}"}
        response = await client.post("/graphql", json=body, headers={"accept": "text/event-stream"})
    return response.text


@pytest.mark.postgres
async def test_a_statement_ends_with_its_connection_when_nobody_could_give_it_up(make_database):
    engine = open_engine(await make_database("postgres", "empty"))
    async with asyncio.timeout(60):
        async with engine.connect() as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            reading = asyncio.create_task(driver.execute(ENDLESS.text))
            await running(engine)
            # As the system closes what a killed process held open.
            driver.terminate()
            with pytest.raises(PostgresConnectionError):
                await reading
            await conn.invalidate()

        await quiet(engine, 0)
        await engine.dispose()


async def running(engine):
    """Return when a statement of the endless kind runs."""
    while not await under_way(engine):  # noqa: ASYNC110 - what the server does can only be looked at
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("field", ["resolved", "loaded"])
async def test_out_of_time_a_query_stops_working(engine, field):
    async with web_over(resources_over(engine), BriefSchema(query=Slow)) as web, asyncio.timeout(60):
        await web.data("{ __typename }")
        idle = engine.pool.checkedout()
        error = await web.error(f"{{ {field} }}")

        assert error["extensions"]["code"] == "TIMED_OUT"
        assert MARKS["ended"].is_set()
        await quiet(engine, idle)


async def test_an_answer_over_the_bound_is_refused(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, answer_mb=1), MktdashSchema(query=Slow)) as web:
        response = await web.post("{ large }")

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "ANSWER_TOO_LARGE"
    assert "data" not in response.json()


async def test_over_a_socket_too_an_answer_over_the_bound_is_refused(sqlite_engine, monkeypatch):
    monkeypatch.setattr(entry, "MktdashSchema", lambda **_: MktdashSchema(query=Slow))
    async with served(resources_over(sqlite_engine, answer_mb=1)) as address:
        socket = await begun_over_socket(address, "large")
        said = orjson.loads(await socket.recv())
        ended = orjson.loads(await socket.recv())
        await socket.close()

    assert said["payload"]["data"] is None
    assert said["payload"]["errors"][0]["extensions"]["code"] == "ANSWER_TOO_LARGE"
    assert ended == {"id": "1", "type": "complete"}


async def test_as_server_sent_events_too_an_answer_over_the_bound_is_refused(sqlite_engine, monkeypatch):
    monkeypatch.setattr(entry, "MktdashSchema", lambda **_: MktdashSchema(query=Slow))
    async with served(resources_over(sqlite_engine, answer_mb=1)) as address:
        events = await as_events(address, "large")

    assert "ANSWER_TOO_LARGE" in events
    assert len(events) < 2_000


async def test_an_answer_within_the_bound_is_sent(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, answer_mb=3), MktdashSchema(query=Slow)) as web:
        response = await web.post("{ large }")

    assert len(response.json()["data"]["large"]) == 2_000_000
