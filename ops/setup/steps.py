"""Runs the tools of the set-up one by one, each shown as one line with its seconds, its own output kept in a file."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from failures import NO_SPACE, SetupError, explain

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".cache" / "setup"
_STOP_SECONDS = 5
_FULL_BYTES = 20_000_000


@contextmanager
def timed(title: str) -> Iterator[None]:
    """Show a step while it runs and its seconds when it has ended."""
    print(f"  {title} ...", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)


def run_step(
    title: str,
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path = ROOT,
    tool: str | None = None,
    seconds: float | None = None,
) -> None:
    """Run a tool to its end.

    Raises:
        SetupError: it failed; the sentence says why and where its output is.
    """
    name = tool or Path(command[0]).name
    log = STATE / f"{re.sub('[^a-z0-9.]+', '-', title.lower())}.log"
    with timed(title), log.open("w+", errors="replace") as output:
        try:
            code = _run(command, env=env, cwd=cwd, output=output.fileno(), seconds=seconds)
        except FileNotFoundError:
            raise SetupError(f"{title}: {command[0]} was not found.") from None
        if code != 0:
            output.seek(0)
            # A full disk keeps a tool from saying so.
            full = shutil.disk_usage(ROOT).free < _FULL_BYTES
            sentence = NO_SPACE if full else explain(name, output.read())
            raise SetupError(f"{title} failed: {sentence} (all of its output: {log.relative_to(ROOT)}).")


def _run(
    command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, output: int, seconds: float | None
) -> int:
    process = subprocess.Popen(
        [str(part) for part in command],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return 1
    finally:
        _end_group(process)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Leave nothing of an interrupted tool behind, its own children included."""
    for stop in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, stop)
            process.wait(timeout=_STOP_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def note(text: str) -> None:
    """One line for the person who watches."""
    print(f"  {text}", flush=True)


def complain(sentence: str) -> None:
    """The one sentence that a failed set-up ends with."""
    print(f"mktdash: {sentence}", file=sys.stderr, flush=True)
