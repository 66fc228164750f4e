"""``mktdash replay``: reparse a window from raw bytes, or fetch it again, and show or apply the difference."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from mktdash.domain.clock import iso, to_micros
from mktdash.domain.errors import InvalidInputError
from mktdash.domain.events import OBSERVATIONS
from mktdash.domain.interval import span_of
from mktdash.settings import Settings

if TYPE_CHECKING:
    from mktdash.ingest.replay import ReplayReport

_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Register ``replay``."""
    app.command()(replay)


def replay(
    window: Annotated[str, typer.Option(help="How far back, by when data became known: 7d, 36h, 2w.")] = "7d",
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    refetch: Annotated[
        bool, typer.Option("--refetch/--from-raw", help="Fetch from the sources again, or reparse stored raw bytes.")
    ] = False,
    current_parsers: Annotated[
        bool,
        typer.Option("--current-parsers", help="Parse with this version's parsers, not with each batch's own."),
    ] = False,
    tolerance: Annotated[
        float, typer.Option(help="With --refetch: fail if more than this share of a dataset's values differs.")
    ] = 0.001,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Replay a window: reparse its batches and apply the difference; with each batch's own parser there is none."""
    if refetch and dry_run:
        raise InvalidInputError("--dry-run works on stored raw bytes; leave out --refetch")
    if refetch and current_parsers:
        raise InvalidInputError("--current-parsers works on stored raw bytes; leave out --refetch")
    replayed = (
        _refetch(window, source) if refetch else _from_raw(window, source, current=current_parsers, dry_run=dry_run)
    )
    results = asyncio.run(replayed)
    if as_json:
        typer.echo(json.dumps(results))
    beyond = []
    for result in results:
        if not as_json:
            typer.echo(_line(result))
            for change in result["changes"]:
                typer.echo(f"  {change}")
        changed = result["new"] + result["revised"] + result["retracted"] if not refetch else result["off"]
        if refetch and changed > tolerance * max(result["observations"], 1):
            beyond.append(result["dataset"])
    if beyond:
        typer.echo(f"mktdash: more than {tolerance:.2%} of the values differ in {', '.join(beyond)}", err=True)
        raise typer.Exit(1)


def _line(result: dict[str, Any]) -> str:
    counts = f"new {result['new']}, revised {result['revised']}, retracted {result['retracted']}"
    return (
        f"{result['dataset']}: {result['batches']} batches, {result['observations']} values: {counts}{result['note']}"
    )


async def _from_raw(window: str, source: str | None, *, current: bool, dry_run: bool) -> list[dict[str, Any]]:
    from mktdash.ingest.reparse import current_parser, original_parser
    from mktdash.ingest.replay import replay_from_raw
    from mktdash.live.publish import notify
    from mktdash.resources import open_store

    settings = Settings()
    async with open_store(settings) as resources:
        since = to_micros(resources.clock() - span_of(window))
        reports = replay_from_raw(
            resources.engine,
            current_parser if current else original_parser,
            since=since,
            clock=resources.clock,
            source=source,
            dry_run=dry_run,
        )
        results = []
        async for report in reports:
            typer.echo(f"replayed {report.dataset}", err=True)
            results.append(_as_dict(report))
        await notify(resources.redis, [OBSERVATIONS])
    return results


def _as_dict(report: "ReplayReport") -> dict[str, Any]:
    changes = []
    for one in report.changes:
        difference = one.difference
        old = dict(zip(difference.superseded.as_of.tolist(), difference.superseded.value.tolist(), strict=True))
        changes += [
            f"{one.series.symbol} {iso(at)}: {old[at]!r} -> {value!r}"
            for at, value in zip(difference.revised.as_of.tolist(), difference.revised.value.tolist(), strict=True)
        ]
        changes += [f"{one.series.symbol} {iso(at)}: new" for at in difference.new.as_of.tolist()]
        changes += [f"{one.series.symbol} {iso(at)}: retracted" for at in difference.retracted.as_of.tolist()]
    rest = len(changes) - _SHOWN
    return {
        "dataset": report.dataset,
        "batches": report.batches,
        "observations": report.observations,
        "new": report.new,
        "revised": report.revised,
        "retracted": report.retracted,
        "snapshot_before": report.snapshot_before,
        "snapshot_after": report.snapshot_after,
        "applied": report.applied,
        "changes": changes[:_SHOWN] + ([f"and {rest} more"] if rest > 0 else []),
        "note": "" if report.applied else " (dry run: nothing was changed)",
    }


async def _refetch(window: str, source: str | None) -> list[dict[str, Any]]:
    from mktdash.ingest.pipeline import ingest_payload
    from mktdash.live.publish import notify
    from mktdash.providers.base import Window
    from mktdash.providers.fetch.fetcher import open_fetchers
    from mktdash.providers.registry import build_providers, provider_named
    from mktdash.resources import open_store

    settings = Settings()
    results = []
    async with (
        open_store(settings) as resources,
        open_fetchers(clock=resources.clock, network=settings.network) as fetchers,
    ):
        providers = build_providers(sim_seed=settings.sim_seed)
        first = (resources.clock() - span_of(window)).date()
        for name in [source] if source else settings.sources:
            provider = provider_named(providers, name)
            async for payload in provider.fetch(fetchers.of(provider), Window(first, None), resources.clock):
                report = await ingest_payload(
                    resources.engine,
                    provider,
                    payload,
                    clock=resources.clock,
                    run_id=str(uuid4()),
                    code_sha=resources.code_sha,
                )
                seen = report.same + report.revised + report.retracted
                results.append(
                    {
                        "dataset": report.dataset,
                        "batches": 1,
                        "observations": seen + report.new,
                        "new": report.new,
                        "revised": report.revised,
                        "retracted": report.retracted,
                        "same": report.same,
                        "off": report.revised + report.retracted,
                        "changes": [],
                        "note": f", same {report.same}",
                    }
                )
        await notify(resources.redis, [OBSERVATIONS])
    return results
