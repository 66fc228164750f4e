"""What ``mktdash doctor`` checks: one sentence a part, which says what to do where there is a problem."""

import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from redis.exceptions import RedisError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import MICROS_PER_SECOND, iso, to_micros
from mktdash.resources import Resources
from mktdash.settings import Settings
from mktdash.store.batches.batches import unfinished_batches
from mktdash.store.catalogue.datasets import all_datasets, dataset_counts
from mktdash.store.engine import schema
from mktdash.store.engine.session import read_transaction
from mktdash.store.live.heartbeats import BeatRow, beats

KINDS = ("web", "worker", "feed")
# Processes beat every 2 s; a machine that is busy with a large import may keep one waiting.
_SILENT_S = 15.0
# A portion of a long payload is merged in seconds: a batch that began this long ago was interrupted, or is huge.
_INTERRUPTED_S = 900.0
_LEAST_FREE = 1_000_000_000
_LEAST_FREE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """One part as found: ``says`` is a sentence; of a part that is not ``ok`` it says what to do."""

    part: str
    ok: bool
    says: str
    facts: dict[str, Any] = field(default_factory=dict)


def settings_shown(settings: Settings) -> dict[str, Any]:
    """The settings in force; passwords are hidden."""
    shown: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            shown[name] = hidden(value.get_secret_value())
        else:
            shown[name] = str(value) if isinstance(value, Path) else value
    return shown


def hidden(url: str) -> str:
    """A URL without its password; stars where it is not even a URL."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "***"


async def examine(resources: Resources) -> list[Finding]:
    """Look at everything; nothing is changed."""
    findings = [disk(resources.settings.home), await _redis(resources)]
    try:
        findings += [one async for one in _database(resources)]
    except (SQLAlchemyError, OSError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        says = f"the database can't be used ({reason}): start it, or set DATABASE_URL to one that runs."
        findings.append(Finding("database", False, says))
    return findings


def disk(home: Path, least: int = _LEAST_FREE) -> Finding:
    """The room that is left where the state is."""
    usage = shutil.disk_usage(home)
    facts = {"free_bytes": usage.free, "total_bytes": usage.total}
    room = f"{usage.free / 1e9:,.1f} GB of {usage.total / 1e9:,.1f} GB are free in the home {home}"
    if usage.free < least or usage.free < usage.total * _LEAST_FREE_SHARE:
        return Finding("disk", False, f"only {room}: make room, or move MKTDASH_HOME.", facts)
    return Finding("disk", True, f"{room}.", facts)


async def _redis(resources: Resources) -> Finding:
    url = hidden(resources.settings.redis)
    try:
        # The command itself: redis-py types its own `ping` as one that may not be awaited.
        await resources.redis.execute_command("PING")  # type: ignore[no-untyped-call]
    except (RedisError, OSError) as error:
        says = f"Redis at {url} does not answer ({type(error).__name__}): `mktdash up` starts one, or set REDIS_URL."
        return Finding("redis", False, says)
    return Finding("redis", True, f"Redis at {url} answers.")


async def _database(resources: Resources) -> AsyncIterator[Finding]:
    url = hidden(resources.settings.database)
    if (file := schema.missing_file(resources.engine)) is not None:
        yield Finding("database", False, f"{schema.trouble(None, file)}.")
        return
    async with read_transaction(resources.engine) as conn:
        found = await schema.current(conn)
        if (why := schema.trouble(found)) is not None:
            yield Finding("database", False, f"{why} ({url}).", {"revision": found, "wanted": schema.head()})
            return
        yield Finding("database", True, f"the database {url} answers and has schema {found}.", {"revision": found})
        now = to_micros(resources.clock())
        heard = await beats(conn)
        for one in (*processes(heard, now), *sources(heard, resources.settings.sources, now)):
            yield one
        for one in (*await _datasets(conn), *await _batches(conn, now)):
            yield one


def processes(heard: Sequence[BeatRow], now: int) -> list[Finding]:
    """Each kind of process that must run, by its latest sign of life."""
    found = []
    for kind in KINDS:
        rows = [row for row in heard if row.kind == kind]
        if not rows:
            says = f"no {kind} process is running: start one with `mktdash {kind}`, or all with `mktdash up`."
            found.append(Finding(f"process {kind}", False, says))
            continue
        age = (now - max(row.beat_at for row in rows)) / MICROS_PER_SECOND
        alive = [row for row in rows if now - row.beat_at <= _SILENT_S * MICROS_PER_SECOND]
        facts = {"alive": len(alive), "age_s": round(age, 1), "pids": [row.pid for row in alive]}
        if alive:
            says = f"{len(alive)} running, last heartbeat {max(age, 0):.0f} s ago."
        else:
            says = f"no heartbeat for {age:.0f} s: look at the log of the {kind} process, or start `mktdash {kind}`."
        found.append(Finding(f"process {kind}", bool(alive), says, facts))
    return found


def sources(heard: Sequence[BeatRow], wanted: Sequence[str], now: int) -> list[Finding]:
    """Each source the feed is to run, as the feed that has it says; nothing where no feed runs, which is said once."""
    feeds = [row for row in heard if row.kind == "feed" and now - row.beat_at <= _SILENT_S * MICROS_PER_SECOND]
    if not feeds:
        return []
    states: dict[str, dict[str, Any]] = {}
    for row in feeds:
        for name, state in row.detail.get("sources", {}).items():
            if name not in states or state.get("role") == "active":
                states[name] = state
    return [_source(name, states.get(name)) for name in dict.fromkeys(wanted)]


def _source(name: str, state: dict[str, Any] | None) -> Finding:
    part = f"source {name}"
    if state is None:
        return Finding(part, False, f"no feed runs it: start `mktdash feed`, or remove {name} from MKTDASH_SOURCES.")
    error = state.get("poll_error") or state.get("last_error")
    circuit = state.get("circuit", "closed")
    if circuit != "closed":
        until = state.get("retry_at")
        says = (
            f"the source {name} failed {state.get('failures', 0)} times ({error}) and is paused"
            f"{f' until {until}' if until else ''}: check that this machine can reach it; it is tried again by itself."
        )
        return Finding(part, False, says, state)
    if state.get("poll_failures"):
        says = f"the source {name} failed when last asked ({error}): it is asked again at {state.get('next_poll_at')}."
        return Finding(part, False, says, state)
    return Finding(part, True, f"the source {name} is {state.get('role', 'active')}, its circuit is closed.", state)


async def _datasets(conn: AsyncConnection) -> list[Finding]:
    counts = await dataset_counts(conn)
    found = []
    for row in await all_datasets(conn):
        series, observations = counts.get(row.key, (0, 0))
        checked = "never" if row.checked_at is None else iso(row.checked_at)[:19] + "Z"
        facts = {
            "version": row.version,
            "series": series,
            "observations": observations,
            "checked_at": None if row.checked_at is None else iso(row.checked_at),
            "last_error": row.last_error,
            "last_error_at": None if row.last_error_at is None else iso(row.last_error_at),
        }
        says = f"{series} series, {observations:,} values, version {row.version}, last checked {checked}"
        failed = row.last_error_at is not None and row.last_error_at == row.checked_at
        if failed:
            says += f" and failed then ({row.last_error}): `mktdash ingest {row.source}` tries again and shows why"
        found.append(Finding(f"dataset {row.key}", not failed, f"{says}.", facts))
    return found


async def _batches(conn: AsyncConnection, now: int) -> list[Finding]:
    found = []
    for row in await unfinished_batches(conn):
        age = (now - row.finished_at) / MICROS_PER_SECOND
        facts = {"id": row.id, "dataset": row.dataset, "started_at": iso(row.started_at), "url": row.url}
        says = f"batch {row.id} of {row.dataset} ({row.url}) has been merging since {iso(row.started_at)[:19]}Z."
        if age > _INTERRUPTED_S:
            says = (
                f"batch {row.id} of {row.dataset} ({row.url}) was interrupted at {iso(row.finished_at)[:19]}Z:"
                f" ingest the same payload again, or run `mktdash replay --source {row.source}` over its time."
            )
        found.append(Finding("batch", age <= _INTERRUPTED_S, says, facts))
    return found or [Finding("batches", True, "no batch is unfinished.")]


def as_json(findings: Sequence[Finding], settings: Settings, at: datetime) -> dict[str, Any]:
    """Everything as JSON values."""
    return {
        "ok": all(one.ok for one in findings),
        "at": at.isoformat().replace("+00:00", "Z"),
        "settings": settings_shown(settings),
        "findings": [{"part": one.part, "ok": one.ok, "says": one.says, "facts": one.facts} for one in findings],
    }
