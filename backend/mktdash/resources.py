"""What a process holds open: the database engine and Redis, opened once and closed once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mktdash.code_version import code_sha
from mktdash.domain.clock import Clock, system_clock
from mktdash.domain.errors import InvalidInputError
from mktdash.home_permissions import private_home
from mktdash.settings import Settings
from mktdash.web_times import USUAL, WebTimes

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything an entry point passes down."""

    settings: Settings
    engine: "AsyncEngine"
    redis: "Redis"
    clock: Clock
    code_sha: str
    started_at: datetime
    times: WebTimes = USUAL


@asynccontextmanager
async def open_resources(settings: Settings, clock: Clock = system_clock) -> AsyncIterator[Resources]:
    """Open what a process needs; nothing is contacted before its first use.

    Raises:
        InvalidInputError: the home folder can't be used.
    """
    # Imported where they are opened: a command that opens nothing starts at once.
    from redis.asyncio import Redis  # noqa: PLC0415

    from mktdash.store.engine.session import open_engine  # noqa: PLC0415

    try:
        private_home(settings.home)
    except OSError as error:
        raise InvalidInputError(
            f"the home folder {settings.home} cannot be used ({error.strerror}); choose another with MKTDASH_HOME"
        ) from None
    engine = open_engine(settings.database)
    redis = Redis.from_url(settings.redis)
    try:
        yield Resources(
            settings=settings, engine=engine, redis=redis, clock=clock, code_sha=code_sha(), started_at=clock()
        )
    finally:
        await redis.aclose()
        await engine.dispose()


@asynccontextmanager
async def open_store(settings: Settings, clock: Clock = system_clock) -> AsyncIterator[Resources]:
    """Open what a command needs that works with the database as it is.

    Raises:
        InvalidInputError: there is none, or its schema is of another version; the message names the command that helps.
    """
    from mktdash.store.engine import schema  # noqa: PLC0415 - as above

    async with open_resources(settings, clock) as resources:
        await schema.require(resources.engine)
        yield resources
