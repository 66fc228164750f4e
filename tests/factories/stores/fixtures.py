"""Fixtures of stores and of Redis, for the folders whose conftest loads them: tests without them start at once."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.store.engine.session import open_engine
from tests.factories.stores.databases import Databases
from tests.factories.stores.postgres import postgres_binaries, running_postgres
from tests.factories.stores.redis import RedisServer, running_redis

# Far above what a statement of fixed size needs, and far below what a driver takes.
MOST_PARAMETERS = 2_000
LONGEST_STATEMENT = 50_000

ENGINES = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


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
