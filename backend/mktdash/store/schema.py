"""Bringing a database to the present schema, with alembic; the migrations are part of the package."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.store.session import is_postgres, open_engine

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any constant does; it only has to be the same in every process.
_UPGRADE_LOCK = 0x6D6B_7464_6173_6802


def alembic_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def head() -> str:
    """The revision the code expects."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


async def current(conn: AsyncConnection) -> str | None:
    """The revision a database is at; None where it is empty."""
    return await conn.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring a database to a revision, in one transaction; two processes that do it at once take turns."""
    async with engine.connect() as conn:
        await conn.execution_options(mktdash_writer=True)
        async with conn.begin():
            if is_postgres(conn):
                await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            await conn.run_sync(_run, command.upgrade, revision)


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    """Take a database back to an earlier revision (``base`` for none), in one transaction."""
    async with engine.connect() as conn:
        await conn.execution_options(mktdash_writer=True)
        async with conn.begin():
            await conn.run_sync(_run, command.downgrade, revision)


def _run(sync: sa.Connection, step: Callable[[Config, str], None], revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = sync
    step(config, revision)


async def upgrade_url(url: str) -> None:
    """Bring the database behind a URL to the present schema."""
    engine = open_engine(url)
    try:
        await upgrade(engine)
    finally:
        await engine.dispose()
