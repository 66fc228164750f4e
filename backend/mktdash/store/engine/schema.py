"""Bringing a database to the present schema, with alembic; the migrations are part of the package.

Alembic is about a third of what a start would load to prepare the store, so it is loaded where there is work for it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.errors import InvalidInputError
from mktdash.store.engine.session import is_postgres, read_transaction

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
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


def missing_file(engine: AsyncEngine) -> Path | None:
    """The file of an SQLite database that is not there; to connect would make it, and an empty one is no better."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    return Path(file) if file and not Path(file).exists() else None


def trouble(found: str | None, file: Path | None = None) -> str | None:
    """Why this version can't work with a database, and what to do; None where it can.

    Args:
        found: its revision.
        file: where it should be, if it is not there.
    """
    if file is not None:
        return f"there is no database {file} yet: `mktdash up` or `mktdash db upgrade` makes it"
    if found == head():
        return None
    if found is not None and found > head():
        return f"the database has schema {found} where this version knows {head()}: run the newer mktdash that made it"
    return f"the database has schema {found or 'none'} where this version needs {head()}: run `mktdash db upgrade`"


async def require(engine: AsyncEngine) -> None:
    """Make sure that this version can work with a database.

    Raises:
        InvalidInputError: it can't; the message says why and what to do.
    """
    file, found = missing_file(engine), None
    if file is None:
        async with read_transaction(engine) as conn:
            found = await current(conn)
    if (why := trouble(found, file)) is not None:
        raise InvalidInputError(why, revision=found, known=head())


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
                raise InvalidInputError(str(trouble(found)), revision=found, known=head())
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
