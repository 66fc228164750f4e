"""Writes the migration between the newest one and the tables as they are now: ``python ops/new_migration.py "Why"``.

Read what it wrote: alembic sees columns and keys, not intent, and what only PostgreSQL has must be written by hand.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from mktdash.store.engine.schema import alembic_config, upgrade
from mktdash.store.engine.session import open_engine


async def write(message: str) -> None:
    """Bring an empty SQLite to the newest migration and let alembic compare it with the tables."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite+aiosqlite:///{Path(folder) / 'empty.db'}")
        await upgrade(engine)
        number = len(list(ScriptDirectory.from_config(alembic_config()).walk_revisions())) + 1

        def compare(connection: Connection) -> None:
            config = alembic_config()
            config.attributes["connection"] = connection
            made = command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")
            assert isinstance(made, Script)  # noqa: S101 - one revision makes one file
            lines = Path(made.path).read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if "# ### " not in line]
            Path(made.path).write_text("".join(kept), encoding="utf-8")

        async with engine.connect() as conn:
            await conn.run_sync(compare)
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(write(" ".join(sys.argv[1:]) or sys.exit("say why: python ops/new_migration.py 'Why'")))
