"""What ``mktdash up`` makes sure of before its processes run: the schema, this start's token, a Redis that answers."""

from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import system_clock
from mktdash.security.tokens import replace_link
from mktdash.settings import Settings
from mktdash.store.catalogue.datasets import all_datasets
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.supervisor.home import CannotStartError

_TOKEN_NAME = "make run"  # noqa: S105 - its name in the audit log, not the token
_TOKEN_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PreparedStore:
    """A store of the present schema: this start's operator token, and the sources that it has data of."""

    token: str
    sources: frozenset[str]


class Prepared:
    """The store and Redis of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def prepare_store(self) -> PreparedStore:
        """Bring the store to the present schema; the token of the start before ends here.

        Raises:
            CannotStartError: the database cannot be used.
        """
        engine = open_engine(self._settings.database)
        try:
            await upgrade(engine)
            token = await replace_link(engine, name=_TOKEN_NAME, role="operator", clock=system_clock, ttl=_TOKEN_LIFE)
            return PreparedStore(token, await _sources(engine))
        except (SQLAlchemyError, OSError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise CannotStartError(f"the database cannot be used: {reason}.") from None
        finally:
            await engine.dispose()

    async def redis_fault(self) -> str | None:
        """Why Redis does not answer; None where it does."""
        redis = Redis.from_url(self._settings.redis)
        try:
            await redis.ping()
        except (RedisError, OSError) as error:
            return str(error) or type(error).__name__
        finally:
            await redis.aclose()
        return None


async def _sources(engine: AsyncEngine) -> frozenset[str]:
    async with read_transaction(engine) as conn:
        return frozenset(dataset.source for dataset in await all_datasets(conn) if dataset.version)
