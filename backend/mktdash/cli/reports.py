"""``mktdash report``: ask for reports, see what became of them, take their files, rebuild and compare them."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktdash.cli.quality import who
from mktdash.domain.clock import iso, to_micros
from mktdash.domain.errors import InvalidInputError
from mktdash.resources import Resources, open_store
from mktdash.settings import Settings

if TYPE_CHECKING:
    from mktdash.store.jobs.reports import ArtifactRow, ReportRow

app = typer.Typer(no_args_is_help=True, help="Reports: ask for one, see it, list them, rebuild and compare.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunId = Annotated[str, typer.Argument(help="The run's id.")]
_POLL_SECONDS = 0.2


@app.command()
def request(
    template: Annotated[str | None, typer.Argument(help="Its template; the first there is, if not given.")] = None,
    parameters: Annotated[str, typer.Option(help="Its parameters, as a JSON object.")] = "{}",
    idempotency_key: Annotated[str | None, typer.Option(help="The same key gives the same run.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end; fails unless it succeeds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for a report; a worker builds it. Prints the run."""
    asyncio.run(_request(template, _object(parameters), idempotency_key, wait=wait, as_json=as_json))


@app.command()
def show(
    run_id: RunId,
    save: Annotated[Path | None, typer.Option(help="A folder to write its files to.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a run and its files, and write them to a folder if asked."""
    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
    asyncio.run(_show(run_id, save, as_json=as_json))


@app.command(name="list")
def list_(
    first: Annotated[int, typer.Option(help="How many, newest first.", min=1, max=200)] = 20,
    after: Annotated[str | None, typer.Option(help="Only those asked for before this run.")] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    asyncio.run(_list(first, after, as_json=as_json))


@app.command()
def verify(run_id: RunId, as_json: AsJson = False) -> None:
    """Build a report again from its snapshot and compare every file; fails where one differs."""
    asyncio.run(_verify(run_id, as_json=as_json))


async def _request(
    name: str | None, parameters: dict[str, Any], idempotency_key: str | None, *, wait: bool, as_json: bool
) -> None:
    from mktdash.live.publish import notify
    from mktdash.reports.catalogue import TEMPLATES, template_by_name
    from mktdash.reports.parameters import checked_parameters
    from mktdash.reports.request import request_run
    from mktdash.store.engine.session import write_transaction
    from mktdash.store.jobs.runs import SUCCEEDED

    template = TEMPLATES[0] if name is None else template_by_name(name)
    # What makes no sense whatever the data is told without a store.
    checked_parameters(template, parameters)
    async with open_store(Settings()) as resources:
        async with write_transaction(resources.engine) as conn:
            run = await request_run(
                conn,
                template,
                parameters,
                requested_by=who(),
                idempotency_key=idempotency_key,
                now=to_micros(resources.clock()),
            )
        await notify(resources.redis, ["report", "queue"])
        if wait:
            run = await _ended(resources, run.id, aloud=not as_json)
        await _print_run(resources, run.id, as_json=as_json)
    if wait and run.state != SUCCEEDED:
        raise typer.Exit(1)


async def _ended(resources: Resources, run_id: str, *, aloud: bool) -> "ReportRow":
    from mktdash.store.engine.session import read_transaction
    from mktdash.store.jobs.reports import report_by_id
    from mktdash.store.jobs.runs import FINAL_STATES

    printed = ""
    while True:
        async with read_transaction(resources.engine) as conn:
            run = await report_by_id(conn, run_id)
        if run.state in FINAL_STATES:
            return run
        if aloud and run.stage != printed:
            typer.echo(f"{run.progress:4.0%} {run.stage}", err=True)
            printed = run.stage
        await asyncio.sleep(_POLL_SECONDS)


async def _show(run_id: str, save: Path | None, *, as_json: bool) -> None:
    async with open_store(Settings()) as resources:
        await _print_run(resources, run_id, as_json=as_json)
        if save is not None:
            for path in await _save(resources, run_id, save):
                typer.echo(f"wrote {path}", err=True)


async def _save(resources: Resources, run_id: str, folder: Path) -> list[Path]:
    from mktdash.store.engine.session import read_transaction
    from mktdash.store.jobs.reports import artifact, artifacts_by_run_ids

    written = []
    async with read_transaction(resources.engine) as conn:
        for file in (await artifacts_by_run_ids(conn, [run_id]))[run_id]:
            path = folder / f"{run_id}.{file.format}"
            path.write_bytes((await artifact(conn, run_id, file.format)).body)
            written.append(path)
    return written


async def _list(first: int, after: str | None, *, as_json: bool) -> None:
    from mktdash.store.engine.session import read_transaction
    from mktdash.store.jobs.reports import reports_page

    async with open_store(Settings()) as resources, read_transaction(resources.engine) as conn:
        page = await reports_page(conn, first=first, after=after)
    if as_json:
        typer.echo(json.dumps({"total": page.total, "runs": [_facts(run, []) for run in page.items]}))
        return
    for run in page.items:
        typer.echo(f"{run.id}  {iso(run.created_at)[:19]}  {run.state:<9}  {run.progress:4.0%}  {run.template}")
    typer.echo(f"{len(page.items)} of {page.total}")


async def _verify(run_id: str, *, as_json: bool) -> None:
    from mktdash.reports.verify import verify as rebuild

    async with open_store(Settings()) as resources:
        result = await rebuild(resources.engine, run_id, resources.code_sha)
    if as_json:
        typer.echo(json.dumps(asdict(result) | {"same": result.same}))
    elif result.same:
        typer.echo(f"{run_id}: {', '.join(result.formats)} are byte for byte what they were")
    else:
        if result.built_by != result.verified_by:
            typer.echo(f"built by {result.built_by}, compared by {result.verified_by}: other code may render otherwise")
        for found in result.differences:
            kept = "" if found.kept == found.stored else f"; the bytes kept have {found.kept}"
            typer.echo(f"{found.format}: was {found.stored}, is {found.rebuilt or 'not made any more'}{kept}")
    if not result.same:
        raise typer.Exit(1)


async def _print_run(resources: Resources, run_id: str, *, as_json: bool) -> None:
    from mktdash.store.engine.session import read_transaction
    from mktdash.store.jobs.reports import artifacts_by_run_ids, report_by_id

    async with read_transaction(resources.engine) as conn:
        run = await report_by_id(conn, run_id)
        files = (await artifacts_by_run_ids(conn, [run_id]))[run_id]
    if as_json:
        typer.echo(json.dumps(_facts(run, files)))
        return
    typer.echo(f"{run.id}  {run.state}, {run.stage}, {run.progress:.0%}  {run.template} v{run.template_version}")
    if run.error_code:
        typer.echo(f"  {run.error_code}: {run.error_message}")
    for file in files:
        typer.echo(f"  {file.format:<5} {file.size:>10,} bytes  sha256 {file.sha256}")


def _facts(run: "ReportRow", files: "list[ArtifactRow]") -> dict[str, Any]:
    return asdict(run) | {
        "artifacts": [{"format": one.format, "bytes": one.size, "sha256": one.sha256} for one in files]
    }


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"--parameters is not JSON: {error.msg} at character {error.pos + 1}") from None
    if not isinstance(value, dict):
        raise InvalidInputError("--parameters must be a JSON object")
    return value
