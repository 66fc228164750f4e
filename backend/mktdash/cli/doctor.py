"""``mktdash doctor``: check every part, and say what to do about each problem."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktdash.settings import Settings

if TYPE_CHECKING:
    from mktdash.cli.diagnosis import Finding


def add_to(app: typer.Typer) -> None:
    """Register ``doctor``."""
    app.command()(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check settings, database, Redis, processes, sources, datasets, batches and disk. Fails if there is a problem."""
    settings = Settings()
    findings, shown = asyncio.run(_examine(settings))
    if as_json:
        typer.echo(json.dumps(shown))
    else:
        for name, value in shown["settings"].items():
            typer.echo(f"  {name} = {value}")
        for one in findings:
            typer.echo(f"{'ok     ' if one.ok else 'PROBLEM'} {one.part}: {one.says}")
        wrong = sum(not one.ok for one in findings)
        typer.echo("no problems" if not wrong else f"{wrong} problem{'s' if wrong > 1 else ''}")
    if not shown["ok"]:
        raise typer.Exit(1)


async def _examine(settings: Settings) -> "tuple[list[Finding], dict[str, Any]]":
    from mktdash.cli.diagnosis import as_json, examine
    from mktdash.resources import open_resources

    async with open_resources(settings) as resources:
        findings = await examine(resources)
        return findings, as_json(findings, settings, resources.clock())
