"""``mktdash ingest``: bring a source's data, or take a file as the source would have sent it."""

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
    source: Annotated[str, typer.Argument(help="The source: ecb, sim, csv, ...")],
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAYS, help="First session wanted.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAYS, help="Last session wanted.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file in the source's own format, instead of asking it.")] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="For csv: what the file's columns mean (JSON or TOML; the keys are in schema/csv-mapping.md)."
        ),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Which dataset of the source the file belongs to.")] = None,
    known_at: Annotated[str | None, typer.Option(help="When the file became known (RFC 3339); else now.")] = None,
    replace_window: Annotated[
        bool, typer.Option("--replace-window", help="The file is all there is: what it leaves out is withdrawn.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring a source's data into the store; prints how many values were new, revised, same, retracted, rejected."""
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
        raise InvalidInputError("--replace-window is about a file: what a source gives when asked may be a part of it")
    if file is not None and (first or last):
        raise InvalidInputError("--from and --to are for asking a source; a file is taken whole")
    if file is not None and not file.is_file():
        raise InvalidInputError(f"there is no file {file}", file=str(file))
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
        for why, n in sorted(report.left.items()):
            typer.echo(f"  left out {n}: {why}")
        if report.stayed:
            typer.echo(f"  {report.stayed} stayed because a row could not be read")
        if report.broken:
            typer.echo("  nothing was withdrawn: too much of the file could not be read")


def _as_json(report: "IngestReport") -> dict[str, Any]:
    return {
        **asdict(report),
        "codes": dict(report.codes),
        "left": dict(report.left),
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
        await notify(resources.redis, ["observations"])
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
        raise InvalidInputError(f"{text!r} is not an instant such as 2026-10-30T15:00:00Z", known_at=text) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
