"""Web processes as they are shipped, several over one database, and the commands that run beside them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

MKTDASH = (sys.executable, str(Path(sys.executable).with_name("mktdash")))
PATIENCE_S = 300


def environment(url: str, home: Path, **more: str) -> dict[str, str]:
    """The environment of a process over a database, with nothing of the caller's settings, and no Redis."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MKTDASH_")}
    return kept | {"MKTDASH_HOME": str(home), "DATABASE_URL": url, "REDIS_URL": "unix:///nowhere/redis.sock"} | more


def command(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """What a command of ``mktdash`` says and comes to."""
    return subprocess.run([*MKTDASH, *words], env=env, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


@contextmanager
def web_process(env: dict[str, str]) -> Iterator[str]:
    """One ``mktdash web``; gives ``host:port`` once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([*MKTDASH, "web"], env=env | {"PORT": str(port)})
    try:
        until = time.monotonic() + PATIENCE_S
        while not _answers(f"http://127.0.0.1:{port}/api/health/live"):
            assert process.poll() is None, "the web process ended"
            assert time.monotonic() < until, "the web process does not answer"
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=PATIENCE_S, trust_env=False).is_success
    except httpx.TransportError:
        return False
