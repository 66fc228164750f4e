"""Servers under load: the real web process, and a bare one that answers fixed bytes, each on a port of its own."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mktdash.settings import REPOSITORY
from mktdash.supervisor.port import free_port

Address = tuple[str, int]

_SECONDS_TO_START = 60.0
# Limits stay on; they are out of the way of a load that no honest client makes.
_RATE = "1000000000"


@contextmanager
def web(
    database_url: str, redis_url: str, home: Path, *, command: Sequence[str] | None = None, **settings: str
) -> Iterator[Address]:
    """``mktdash web`` over a database; ``settings`` are environment variables without their prefix, in lower case."""
    port = free_port("127.0.0.1", 0)
    env = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "MKTDASH_HOME": str(home),
        "PORT": str(port),
        "MKTDASH_REQUEST_RATE": _RATE,
        "MKTDASH_COST_RATE": _RATE,
        "MKTDASH_LOG_LEVEL": "warning",
    } | {f"MKTDASH_{name.upper()}": value for name, value in settings.items()}
    started = command or (str(Path(sys.executable).with_name("mktdash")), "web")
    with running(started, ("127.0.0.1", port), env, home / f"web-{port}.log", ready="/api/health/live") as address:
        yield address


@contextmanager
def static(body: bytes, home: Path) -> Iterator[Address]:
    """A bare ASGI application that answers every request with these bytes, under the same server."""
    port = free_port("127.0.0.1", 0)
    (home / f"static-{port}").write_bytes(body)
    command = (sys.executable, "-m", "ops.load.static", str(home / f"static-{port}"), str(port))
    with running(command, ("127.0.0.1", port), {}, home / f"static-{port}.log", ready="/") as address:
        yield address


@contextmanager
def running(
    command: Sequence[str], address: Address, env: Mapping[str, str], log: Path, *, ready: str
) -> Iterator[Address]:
    """A process that serves on an address, from its first good answer to the end of the block.

    Raises:
        RuntimeError: it ended, or gave no good answer in time; with the end of what it said.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, address, ready, log)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: Address, path: str, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(*address, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status < 500:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError(f"no server at {address}: {log.read_text(errors='replace')[-2000:]}")
