"""``mktdash ingest``: fetch a source's data into the store, or ingest a file in the source's own format."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from mktdash.domain.errors import InvalidInputError
from mktdash.domain.events import OBSERVATIONS
from mktdash.settings import Settings

if TYPE_CHECKING:
    from mktdash.ingest.pipeline import IngestReport
    from mktdash.providers.base import Provider, RawPayload
    from mktdash.resources import Resources

_DAYS = ["%Y-%m-%d"]


def add_to(app: typer.Typer) -> None:
    """Register ``ingest``."""
    app.command()(ingest)


@dataclass(frozen=True, slots=True)
class _Request:
    source: str
    first: date | None
    last: date | None
    file: Path | None
    mapping: Path | None
    dataset: str | None
    known_at: datetime | None
    replace_window: bool


def ingest(
    source: Annotated[str, typer.Argument(help="Source name: ecb, treasury, csv, ...")],
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAYS, help="First session to fetch.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAYS, help="Last session to fetch.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Ingest this file in the source's own format; fetch nothing.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="For csv: what the columns mean, a JSON or TOML file; its keys are in schema/csv-mapping.md."
        ),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="The file's dataset, where the source has several.")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="When the file was published (RFC 3339); now if not given.")
    ] = None,
    replace_window: Annotated[
        bool, typer.Option("--replace-window", help="The file is complete: retract stored values it leaves out.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fetch a source's data, or ingest a file; print how many values were new, revised, same, retracted, rejected."""
    request = _Request(
        source=source,
        first=first.date() if first else None,
        last=last.date() if last else None,
        file=file,
        mapping=mapping,
        dataset=dataset,
        known_at=None if known_at is None else _instant(known_at),
        replace_window=replace_window,
    )
    if file is None and replace_window:
        raise InvalidInputError("--replace-window needs --file: what a source answers may be only a part of its data")
    if file is not None and (first or last):
        raise InvalidInputError("--from and --to are for fetching; with --file the whole file is ingested")
    if file is not None and not file.is_file():
        raise InvalidInputError(f"file not found: {file}", file=str(file))
    reports = asyncio.run(_run(request))
    if as_json:
        typer.echo(json.dumps([_as_json(report) for report in reports]))
        return
    for report in reports:
        typer.echo(
            f"{report.dataset}: new {report.new}, revised {report.revised}, same {report.same}, "
            f"retracted {report.retracted}, rejected {report.rejected} "
            f"(version {report.version}, batch {report.batch_id})"
        )
        for code, n in sorted(report.codes.items()):
            typer.echo(f"  rejected {n}: {code}")
        for why, n in sorted(report.skipped.items()):
            typer.echo(f"  skipped {n}: {why}")
        if report.kept:
            typer.echo(f"  kept {report.kept} that the file leaves out, because a row could not be read")
        if report.broken:
            typer.echo("  retracted nothing, because too much of the file could not be read")


def _as_json(report: "IngestReport") -> dict[str, Any]:
    return {
        **asdict(report),
        "codes": dict(report.codes),
        "skipped": dict(report.skipped),
        "series_ids": list(report.series_ids),
    }


async def _run(request: _Request) -> "list[IngestReport]":
    from mktdash.ingest.pipeline import ingest_payload
    from mktdash.live.publish import notify
    from mktdash.providers.registry import provider_for
    from mktdash.resources import open_store

    settings = Settings()
    async with open_store(settings) as resources:
        provider = provider_for(request.source, sim_seed=settings.sim_seed, mapping=request.mapping)
        run_id = str(uuid4())
        async with _payloads(resources, provider, request) as payloads:
            reports = [
                await ingest_payload(
                    resources.engine,
                    provider,
                    payload,
                    clock=resources.clock,
                    run_id=run_id,
                    code_sha=resources.code_sha,
                    replace_window=request.replace_window,
                )
                async for payload in payloads
            ]
        await notify(resources.redis, [OBSERVATIONS])
    return reports


@asynccontextmanager
async def _payloads(
    resources: "Resources", provider: "Provider", request: _Request
) -> "AsyncIterator[AsyncIterator[RawPayload]]":
    from mktdash.providers.base import RawPayload, Window
    from mktdash.providers.fetch.fetcher import open_fetchers

    if request.file is None:
        async with open_fetchers(clock=resources.clock, network=resources.settings.network) as fetchers:
            window = Window(request.first, request.last)
            yield provider.fetch(fetchers.of(provider), window, resources.clock)
        return
    now = resources.clock()
    payload = RawPayload(
        dataset=request.dataset or provider.datasets[0].key,
        body=request.file,
        url=f"file:{request.file.name}",
        fetched_at=now,
        known_at=request.known_at or now,
    )

    async def one() -> "AsyncIterator[RawPayload]":
        yield payload

    yield one()


def _instant(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(f"{text!r} is not a time such as 2026-10-30T15:00:00Z", known_at=text) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
