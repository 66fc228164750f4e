"""``mktdash db``: migrate the database, check it, rebuild its chunks."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from mktdash.resources import open_resources, open_store
from mktdash.settings import Settings

if TYPE_CHECKING:
    from mktdash.store.series.check import Problem

app = typer.Typer(no_args_is_help=True, help="Migrate the database, check it, rebuild its chunks.")


@app.command()
def upgrade(revision: Annotated[str, typer.Argument(help="Revision to migrate to.")] = "head") -> None:
    """Migrate the database to the schema of this version. Does nothing if it is there already."""

    async def run() -> None:
        from mktdash.store.engine import schema
        from mktdash.store.engine.session import read_transaction

        async with open_resources(Settings()) as resources:
            await schema.upgrade(resources.engine, revision)
            async with read_transaction(resources.engine) as conn:
                typer.echo(f"schema {await schema.current(conn)} ({resources.engine.dialect.name})")

    asyncio.run(run())


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="Revision to go back to; `base` drops every table.")],
) -> None:
    """Migrate the database back to an earlier schema."""

    async def run() -> None:
        from mktdash.store.engine import schema

        async with open_resources(Settings()) as resources:
            await schema.downgrade(resources.engine, revision)
            typer.echo(f"schema {revision}")

    asyncio.run(run())


@app.command()
def check(
    raw: Annotated[bool, typer.Option(help="Also hash every raw file, parse it again and compare the values.")] = True,
) -> None:
    """Compare rows, chunks, latest values and raw files with each other, and list every difference."""
    problems = asyncio.run(_check(raw=raw))
    for problem in problems:
        typer.echo(f"{problem.place}: {problem.difference}")
    if problems:
        raise typer.Exit(1)


async def _check(*, raw: bool) -> "list[Problem]":
    from mktdash.ingest.verify import check_against_raw
    from mktdash.store.catalogue.datasets import all_datasets
    from mktdash.store.engine.session import read_transaction
    from mktdash.store.series.check import check_links, check_raw, check_series, series_ids

    problems = []
    async with open_store(Settings()) as resources, read_transaction(resources.engine) as conn:
        ids = await series_ids(conn)
        for one in ids:
            problems += await check_series(conn, one)
        problems += await check_links(conn)
        files = 0
        if raw:
            async for _, problem in check_raw(conn):
                files += 1
                problems += [problem] if problem else []
            for dataset in await all_datasets(conn):
                problems += await check_against_raw(conn, dataset.key)
    typer.echo(f"{len(ids)} series and {files} raw files checked, {len(problems)} problems")
    return problems


@app.command()
def compact() -> None:
    """Rebuild all chunks from the rows, and list the series whose digests differed."""
    differing = asyncio.run(_compact())
    for key in differing:
        typer.echo(f"{key}: its chunks differed from its rows and were rebuilt", err=True)
    if differing:
        raise typer.Exit(1)


async def _compact() -> list[str]:
    from mktdash.store.catalogue.series import series_by_ids
    from mktdash.store.engine.session import read_transaction, write_transaction
    from mktdash.store.series.check import series_ids
    from mktdash.store.series.compact import compact_series

    differing = []
    async with open_store(Settings()) as resources:
        async with read_transaction(resources.engine) as conn:
            ids = await series_ids(conn)
            series = await series_by_ids(conn, ids)
        observations = 0
        for one in ids:
            # One series at a time: whoever writes waits for one, not for all.
            async with write_transaction(resources.engine) as conn:
                n, equal = await compact_series(conn, one)
            observations += n
            if not equal:
                differing.append(series[one].key)
    typer.echo(f"{len(ids)} series of {observations} observations rebuilt, {len(differing)} differed")
    return differing
