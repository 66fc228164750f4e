"""Is it alive, is it ready, are the data good: for monitors, for ``make run``, and for people."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import orjson
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from mktdash.deadline import deadline
from mktdash.domain.clock import MICROS_PER_SECOND, iso, to_micros
from mktdash.http.state import HttpState, state_of
from mktdash.quality.base import Status
from mktdash.quality.overview import overall
from mktdash.store.engine.session import read_transaction
from mktdash.store.live.heartbeats import BeatRow, beats

T = TypeVar("T")

OK = "ok"
DOWN = "down"
# Processes beat every 2 s; a machine that is busy with a large import may keep one waiting.
SILENT_AFTER_S = 15.0
_NEEDED = ("worker", "feed")


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """A part of the system as found just now. ``age_s`` is the time since its last heartbeat."""

    name: str
    status: str
    age_s: float | None = None
    ms: float | None = None
    reason: str | None = None


async def live(_: Request) -> Response:
    """The process answers."""
    return _answer({"status": OK}, 200)


async def ready(request: Request) -> Response:
    """Database, Redis, worker and feed, each with its status and age; 503 where one is not good."""
    state = state_of(request)
    parts = await look(state)
    good = all(part.status == OK for part in parts)
    body = {
        "status": OK if good else DOWN,
        "at": iso(to_micros(state.clock())),
        "version": state.version,
        "checks": {part.name: _shown(part) for part in parts},
    }
    return _answer(body, 200 if good else 503)


async def data_quality(request: Request) -> Response:
    """Every dataset's verdicts. With ``?strict=1`` a monitor gets 503 where one is FAIL or too old to count."""
    state = state_of(request)
    async with read_transaction(state.engine) as conn:
        body = await overall(conn, state.clock())
    strict = request.query_params.get("strict") in {"1", "true"}
    # What can't be judged says so in the body: a dataset without a schedule must not keep a monitor red for ever.
    # Nobody judging any more is another matter.
    unjudged = any(entry["stale"] and entry["runAt"] is not None for entry in body["datasets"])
    return _answer(body, 503 if strict and (body["status"] == Status.FAIL.value or unjudged) else 200)


async def look(state: HttpState) -> list[ComponentHealth]:
    """Every part the system needs, as it is now."""
    (database, heard), cache = await asyncio.gather(_database(state), _redis(state))
    now = to_micros(state.clock())
    return [database, cache, *(_process(kind, heard, now) for kind in _NEEDED)]


async def _database(state: HttpState) -> tuple[ComponentHealth, Sequence[BeatRow]]:
    async def ask() -> Sequence[BeatRow]:
        async with read_transaction(state.engine) as conn:
            return await beats(conn)

    return await _timed(state, "database", ask(), (SQLAlchemyError, OSError), ())


async def _redis(state: HttpState) -> ComponentHealth:
    async def ask() -> bool:
        return bool(await state.redis.ping())

    part, _ = await _timed(state, "redis", ask(), (RedisError, OSError), False)  # noqa: FBT003 - the answer of a lost Redis
    return part


async def _timed(
    state: HttpState, name: str, asked: Awaitable[T], failures: tuple[type[Exception], ...], nothing: T
) -> tuple[ComponentHealth, T]:
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with deadline(state.seconds_to_answer):
            answer = await asked
    except TimeoutError:
        return ComponentHealth(name, DOWN, reason=f"no answer within {state.seconds_to_answer:.0f} s"), nothing
    except failures as error:
        return ComponentHealth(name, DOWN, reason=type(error).__name__), nothing
    return ComponentHealth(name, OK, age_s=0.0, ms=round((loop.time() - started) * 1000, 2)), answer


def _process(kind: str, heard: Sequence[BeatRow], now: int) -> ComponentHealth:
    ages = [(now - row.beat_at) / MICROS_PER_SECOND for row in heard if row.kind == kind]
    if not ages:
        return ComponentHealth(kind, DOWN, reason="no process is running")
    age = max(0.0, min(ages))
    if age > SILENT_AFTER_S:
        return ComponentHealth(kind, DOWN, age_s=round(age, 1), reason=f"no heartbeat for {age:.0f} s")
    return ComponentHealth(kind, OK, age_s=round(age, 1))


def _shown(part: ComponentHealth) -> dict[str, object]:
    facts = {"status": part.status, "age_s": part.age_s, "ms": part.ms, "reason": part.reason}
    return {name: value for name, value in facts.items() if value is not None}


def _answer(body: object, status: int) -> Response:
    return Response(
        orjson.dumps(body), status_code=status, media_type="application/json", headers={"cache-control": "no-store"}
    )
