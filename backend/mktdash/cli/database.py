"""``mktdash db``: the schema of the database, up and down."""

import asyncio
from typing import Annotated

import typer

from mktdash.resources import open_resources
from mktdash.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The database: its schema, and whether its parts agree.")


@app.command()
def upgrade(revision: Annotated[str, typer.Argument(help="Revision to reach.")] = "head") -> None:
    """Bring the database to the schema of this version; does nothing where it is there already."""

    async def run() -> None:
        from mktdash.store import schema
        from mktdash.store.session import read_transaction

        async with open_resources(Settings()) as resources:
            await schema.upgrade(resources.engine, revision)
            async with read_transaction(resources.engine) as conn:
                typer.echo(f"schema {await schema.current(conn)} ({resources.engine.dialect.name})")

    asyncio.run(run())


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="Revision to go back to; `base` drops every table.")],
) -> None:
    """Take the database back to an earlier schema."""

    async def run() -> None:
        from mktdash.store import schema

        async with open_resources(Settings()) as resources:
            await schema.downgrade(resources.engine, revision)
            typer.echo(f"schema is back at {revision}")

    asyncio.run(run())
