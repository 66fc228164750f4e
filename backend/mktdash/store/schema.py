"""Bringing a database to the present schema, with alembic; the migrations are part of the package.

Alembic is about a third of what a start would load to prepare the store, so it is loaded where there is work for it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.errors import InvalidInputError
from mktdash.store.session import is_postgres, open_engine

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = "alembic_version"
# Any constant does; it only has to be the same in every process.
_UPGRADE_LOCK = 0x6D6B_7464_6173_6802


def alembic_config() -> "Config":
    """Alembic's configuration, without a file."""
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def head() -> str:
    """The revision the code expects: each file of a migration begins with its own."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


async def current(conn: AsyncConnection) -> str | None:
    """The revision a database is at; None where it is empty."""
    if not await conn.run_sync(lambda sync: sa.inspect(sync).has_table(_VERSION)):
        return None
    return (await conn.execute(sa.select(sa.column("version_num")).select_from(sa.table(_VERSION)))).scalar()


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring a database to a revision, in one transaction; two processes that do it at once take turns.

    Raises:
        InvalidInputError: it is of a newer mktdash, or there is no such revision.
    """
    async with engine.connect() as conn:
        await conn.execution_options(mktdash_writer=True)
        async with conn.begin():
            if is_postgres(conn):
                await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            found = await current(conn)
            if found is not None and found > head():
                raise InvalidInputError(
                    f"the database has schema {found} where this version knows {head()}: run the newer mktdash that"
                    " made it",
                    revision=found,
                    known=head(),
                )
            if revision != "head" or found != head():
                await conn.run_sync(_run, "upgrade", revision)


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    """Take a database back to an earlier revision (``base`` for none), in one transaction.

    Raises:
        InvalidInputError: there is no such revision.
    """
    async with engine.connect() as conn:
        await conn.execution_options(mktdash_writer=True)
        async with conn.begin():
            await conn.run_sync(_run, "downgrade", revision)


def _run(sync: sa.Connection, step: Literal["upgrade", "downgrade"], revision: str) -> None:
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above

    config = alembic_config()
    config.attributes["connection"] = sync
    try:
        getattr(command, step)(config, revision)
    except CommandError as error:
        raise InvalidInputError(f"the schema can't be brought to {revision!r}: {error}", revision=revision) from error


async def upgrade_url(url: str) -> None:
    """Bring the database behind a URL to the present schema."""
    engine = open_engine(url)
    try:
        await upgrade(engine)
    finally:
        await engine.dispose()
