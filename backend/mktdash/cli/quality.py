"""``mktdash quality``: judge datasets, show verdicts and alerts, answer alerts."""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktdash.domain.clock import MICROS_PER_SECOND, iso, to_micros
from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.resources import open_store
from mktdash.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from mktdash.store.quality.alerts import AlertRow

app = typer.Typer(help="Judge datasets, show verdicts and alerts, answer alerts.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AlertId = Annotated[int, typer.Argument(help="Number of the alert.")]
Note = Annotated[str | None, typer.Option(help="A note on it.")]
_BAD = ("FAIL", "UNKNOWN")


@app.callback(invoke_without_command=True)
def quality(
    context: typer.Context,
    dataset: Annotated[list[str] | None, typer.Option(help="Only this dataset; can be given several times.")] = None,
    stored: Annotated[bool, typer.Option("--stored", help="Show the stored verdicts instead of judging now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge every dataset now and print its verdicts; exit code 1 if any is FAIL or UNKNOWN."""
    if context.invoked_subcommand is not None:
        return
    shown = asyncio.run(_judge(dataset or [], stored=stored))
    if as_json:
        typer.echo(json.dumps(shown))
    else:
        for line in _table(shown["datasets"]):
            typer.echo(line)
    if shown["status"] in _BAD:
        raise typer.Exit(1)


@app.command()
def alerts(
    dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Include closed alerts.")] = False,
    as_json: AsJson = False,
) -> None:
    """List alerts, newest first."""
    from mktdash.store.quality.alerts import alerts as read_alerts

    found = asyncio.run(_reading(lambda conn: read_alerts(conn, dataset, closed=closed)))
    if as_json:
        typer.echo(json.dumps([_facts(alert) for alert in found]))
        return
    for alert in found:
        typer.echo(_line(alert))


@app.command()
def ack(alert: AlertId, note: Note = None, as_json: AsJson = False) -> None:
    """Acknowledge an alert: it stays open, and is quiet until it gets worse."""
    from mktdash.store.quality.alerts import acknowledge

    _print(asyncio.run(_writing(lambda conn, now: acknowledge(conn, alert, by=who(), now=now, note=note))), as_json)


@app.command()
def mute(
    alert: AlertId,
    hours: Annotated[float, typer.Option("--for", help="Hours.", min=0.01, max=24 * 366)] = 24.0,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Mute an alert for some hours, or until it gets worse."""
    from mktdash.store.quality.alerts import mute as mute_alert

    span = round(hours * 3600 * MICROS_PER_SECOND)
    answer = _writing(lambda conn, now: mute_alert(conn, alert, by=who(), until=now + span, now=now, note=note))
    _print(asyncio.run(answer), as_json)


@app.command(name="note")
def write_note(alert: AlertId, text: Annotated[str, typer.Argument(help="The note.")], as_json: AsJson = False) -> None:
    """Add a note to an alert."""
    from mktdash.store.quality.alerts import annotate

    if not text.strip():
        raise InvalidInputError("the note is empty")
    _print(asyncio.run(_writing(lambda conn, now: annotate(conn, alert, by=who(), note=text, now=now))), as_json)


async def _judge(datasets: Sequence[str], *, stored: bool) -> dict[str, Any]:
    from mktdash.live.publish import notify
    from mktdash.quality.base import Status, worst
    from mktdash.quality.overview import overall
    from mktdash.quality.runner import run_quality
    from mktdash.store.engine.session import read_transaction

    async with open_store(Settings()) as resources:
        if not stored:
            await run_quality(
                resources.engine,
                clock=resources.clock,
                code_sha=resources.code_sha,
                datasets=datasets or None,
            )
            await notify(resources.redis, ["quality"])
        async with read_transaction(resources.engine) as conn:
            shown = await overall(conn, resources.clock())
    if not datasets:
        return shown
    known = {entry["dataset"]: entry for entry in shown["datasets"]}
    for key in datasets:
        if key not in known:
            raise NotFoundError(
                f"unknown dataset {key!r}; known: {', '.join(sorted(known))}", dataset=key, known=sorted(known)
            )
    chosen = [known[key] for key in datasets]
    return {**shown, "status": worst([Status(entry["status"]) for entry in chosen]).value, "datasets": chosen}


def _table(datasets: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for entry in datasets:
        lines.append(f"{entry['dataset']}  {entry['status']}  version {entry['version']}")
        named = [entry[name] for name in ("freshness", "completeness", "completeness30", "drift") if entry[name]]
        lines += [
            f"  {metric['metric']:<15} {metric['status']:<8} {_value(metric):>10}  {metric['summary']}"
            for metric in (*named, *entry["checks"])
        ]
        quiet = [alert for alert in entry["alerts"] if alert["quiet"]]
        lines += [
            f"  alert {alert['id']} on {alert['metric']} is quiet: {alert['note'] or 'no note'}" for alert in quiet
        ]
    return lines


def _value(metric: dict[str, Any]) -> str:
    value = metric["value"]
    return "-" if value is None else f"{value:.4g}"


async def _reading(read: "Callable[[AsyncConnection], Awaitable[list[AlertRow]]]") -> "list[AlertRow]":
    from mktdash.store.engine.session import read_transaction

    async with open_store(Settings()) as resources, read_transaction(resources.engine) as conn:
        return await read(conn)


async def _writing(write: "Callable[[AsyncConnection, int], Awaitable[AlertRow]]") -> "AlertRow":
    from mktdash.live.publish import notify
    from mktdash.store.engine.session import write_transaction

    async with open_store(Settings()) as resources:
        async with write_transaction(resources.engine) as conn:
            answered = await write(conn, to_micros(resources.clock()))
        await notify(resources.redis, ["quality"])
    return answered


def who() -> str:
    """The user of the command line, as the audit log names them."""
    return f"{getpass.getuser()} (command line)"


def _print(alert: "AlertRow", as_json: bool) -> None:
    typer.echo(json.dumps(_facts(alert)) if as_json else _line(alert))


def _facts(alert: "AlertRow") -> dict[str, Any]:
    return {
        "id": alert.id,
        "dataset": alert.dataset,
        "metric": alert.metric,
        "status": alert.status,
        "worst": alert.worst,
        "summary": alert.summary,
        "opened_at": iso(alert.opened_at),
        "closed_at": None if alert.closed_at is None else iso(alert.closed_at),
        "acknowledged_by": alert.acknowledged_by,
        "muted_until": None if alert.muted_until is None else iso(alert.muted_until),
        "note": alert.note,
    }


def _line(alert: "AlertRow") -> str:
    words = [
        f"{alert.id:>5}  {iso(alert.opened_at)[:16]}  {alert.status:<7}  {alert.dataset} {alert.metric}",
        alert.summary,
    ]
    if alert.acknowledged_by is not None:
        words.append(f"acknowledged by {alert.acknowledged_by}")
    if alert.muted_until is not None:
        words.append(f"muted until {iso(alert.muted_until)[:16]}")
    if alert.note:
        words.append(f"note: {alert.note}")
    return "; ".join(words)
