"""One engine under load: the real web process, readers on loopback, and a writer beside them."""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine
from ops.load.driver import Tally, drive
from ops.load.gate import Measured, judge
from ops.load.reads import POINTS, fill, requests, tell
from ops.load.servers import Address, static, web


def measure(
    engine: str,
    url: str,
    redis_url: str,
    home: Path,
    allowed: Mapping[str, Any],
    *,
    reads: Sequence[str] = (),
    command: Sequence[str] | None = None,
) -> list[Measured]:
    """Each read in turn, beside a static answer of its size, while a writer writes.

    Args:
        engine: what the figures are called by.
        url: an empty database.
        redis_url: a Redis.
        home: a folder for logs.
        allowed: the budget, with its profile: ``readers``, ``seconds`` for each read in ``rounds``, how many ``tries``
            it has to be within the budget, ``writes_per_second``.
        reads: the names of those wanted; all where empty.
        command: what serves in place of ``mktdash web``.
    """
    asyncio.run(_prepare(url))
    profile, found = allowed["profile"], []
    with web(url, redis_url, home, command=command) as served, _writing(url, profile["writes_per_second"]):
        for name, asked in requests().items():
            if reads and name not in reads:
                continue
            body = _body(served, asked[0])
            with static(body, home) as fixed:
                found.append(_one(engine, name, served, fixed, asked, allowed))
    return found


def _one(  # noqa: PLR0917 - one call, just above
    engine: str, name: str, served: Address, fixed: Address, asked: Sequence[bytes], allowed: Mapping[str, Any]
) -> Measured:
    profile = allowed["profile"]
    seconds = profile["seconds"] / profile["rounds"] / 2
    # What was over budget because the machine was busy is within it another time; what has become slow never is.
    for _ in range(profile["tries"]):
        real: list[Tally] = []
        still: list[Tally] = []
        for _ in range(profile["rounds"]):
            still.append(drive(fixed, asked, connections=profile["readers"], seconds=seconds))
            real.append(drive(served, asked, connections=profile["readers"], seconds=seconds, good=_good))
        measured = Measured(
            engine=engine,
            read=name,
            p95=_together(real).quantile(0.95),
            static_p95=_together(still).quantile(0.95),
            errors=sum(one.errors for one in real),
            answers=sum(len(one.latencies) for one in real),
            rate=median(one.rate for one in real),
        )
        if measured.errors or not judge(measured, allowed):
            break
    return measured


def _together(tallies: Sequence[Tally]) -> Tally:
    return Tally(sum(one.seconds for one in tallies), [took for one in tallies for took in one.latencies])


def _good(body: bytes) -> bool:
    return body.startswith(b'{"data":{') and b'"errors"' not in body


def _body(address: Address, request: bytes) -> bytes:
    bodies: list[bytes] = []
    drive(address, [request], connections=1, seconds=0.0, good=lambda body: bodies.append(body) is None)
    if not _good(bodies[0]):
        raise RuntimeError(f"a read is answered with an error: {bodies[0][:500]!r}")
    return bodies[0]


async def _prepare(url: str) -> None:
    engine = open_engine(url)
    try:
        await upgrade(engine)
        await fill(engine)
    finally:
        await engine.dispose()


@contextmanager
def _writing(url: str, a_second: float) -> Iterator[None]:
    """A writer of its own thread and loop for the length of the block."""
    stop = threading.Event()

    async def write() -> None:
        engine = open_engine(url)
        day = POINTS
        try:
            while not stop.is_set():
                await tell(engine, day, day + 1)
                day += 1
                await asyncio.sleep(1 / a_second)
        finally:
            await engine.dispose()

    thread = threading.Thread(target=lambda: asyncio.run(write()), name="writer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=120)
