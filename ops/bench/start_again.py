"""``make run``, the second time: from the command to the line that says it is ready."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from ops.bench.table import Figure

TITLE = "make run, second start to the first good /ready"
_ROOT = Path(__file__).resolve().parents[2]
_LONGEST_S = 180


async def measure() -> list[Figure]:
    """Seconds of a first start in an empty home, and of a second one."""
    with tempfile.TemporaryDirectory() as home:
        first = _start(home)
        second = _start(home)
    return [
        Figure("first start, all installed, empty home", first, "s"),
        Figure("second start", second, "s", 6.0, better="less"),
    ]


def _start(home: str) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        ["make", "run"],
        cwd=_ROOT,
        env={**os.environ, "PORT": str(port), "MKTDASH_HOME": home, "MKTDASH_NETWORK": "off"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        for line in process.stdout:
            if re.match(r"ready: http", line):
                return time.perf_counter() - started
            if time.perf_counter() - started > _LONGEST_S:
                break
        raise RuntimeError("make run ended, or took too long, without getting ready")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
        process.stdout.close() if process.stdout else None
