"""``mktdash quality end|reopen|ended``: declare that a source no longer publishes a dataset or a series."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktdash.cli.quality import AsJson, who
from mktdash.domain.clock import to_micros
from mktdash.resources import open_store
from mktdash.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Dataset = Annotated[str, typer.Argument(help="Key of the dataset.")]
Symbol = Annotated[str | None, typer.Option("--series", help="Only the series of this symbol.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(end)
    app.command()(reopen)
    app.command()(ended)


def end(
    dataset: Dataset,
    on: Annotated[datetime, typer.Option(help="The last session that has a value.", formats=["%Y-%m-%d"])],
    reason: Annotated[str, typer.Option(help="Why, in one sentence.")],
    symbol: Symbol = None,
) -> None:
    """Declare that a dataset or a series has ended: nothing after that day is missing or late."""
    from mktdash.store.catalogue.endings import end_dataset

    _write(
        dataset,
        lambda conn, now: end_dataset(conn, dataset, symbol, on=on.date(), reason=reason, by=who(), now=now),
    )
    typer.echo(f"{symbol or dataset} ended on {on.date()}: {reason}")


def reopen(dataset: Dataset, symbol: Symbol = None) -> None:
    """Undo `end`: a dataset or a series goes on."""
    from mktdash.store.catalogue.endings import reopen_dataset

    _write(dataset, lambda conn, now: reopen_dataset(conn, dataset, symbol, by=who(), now=now))
    typer.echo(f"{symbol or dataset} goes on")


def ended(as_json: AsJson = False) -> None:
    """List what has ended, and what may have: the source answers and has no new values."""
    found = asyncio.run(_listed())
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found:
        name = one["series"] or "the whole dataset"
        state = (
            f"{one['reason']} ({one['said_by']})"
            if one["confirmed"]
            else "proposed; confirm with `mktdash quality end`"
        )
        typer.echo(f"{one['dataset']}  {name}  {one['on']}  {state}")


async def _listed() -> list[dict[str, Any]]:
    from mktdash.store.catalogue.datasets import all_datasets
    from mktdash.store.catalogue.endings import endings_of_dataset
    from mktdash.store.engine.session import read_transaction
    from mktdash.store.quality.verdicts import latest_results

    found: list[dict[str, Any]] = []
    async with open_store(Settings()) as resources, read_transaction(resources.engine) as conn:
        verdicts = await latest_results(conn)
        for row in await all_datasets(conn):
            found += [
                _entry(row.key, one.symbol, one.ended_on, reason=one.reason, said_by=one.recorded_by, confirmed=True)
                for one in await endings_of_dataset(conn, row.key)
            ]
            freshness = verdicts.get(row.key, {}).get("freshness")
            evidence = {} if freshness is None else freshness.evidence
            if "ended_proposed" in evidence:
                found.append(_entry(row.key, None, evidence["ended_proposed"]["on"]))
            found += [_entry(row.key, symbol, on) for symbol, on in evidence.get("no_longer_quoted", {}).items()]
    return found


def _entry(dataset: str, symbol: str | None, on: date | str, **more: Any) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "series": symbol,
        "on": str(on),
        "reason": None,
        "said_by": None,
        "confirmed": False,
        **more,
    }


def _write(dataset: str, write: "Callable[[AsyncConnection, int], Awaitable[None]]") -> None:
    async def run() -> None:
        from mktdash.live.publish import notify
        from mktdash.quality.runner import run_quality
        from mktdash.store.engine.session import write_transaction

        async with open_store(Settings()) as resources:
            async with write_transaction(resources.engine) as conn:
                await write(conn, to_micros(resources.clock()))
            # The verdict should change now, not in the next round of the feed.
            await run_quality(resources.engine, clock=resources.clock, code_sha=resources.code_sha, datasets=[dataset])
            await notify(resources.redis, ["quality"])

    asyncio.run(run())
