"""The process group of all children, and the guard that ends it when the supervisor cannot."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mktdash.start_signal import WAITS
from mktdash.supervisor.log import LONGEST_LINE

_GUARD = Path(__file__).with_name("guard.py")


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to run, under which name."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path | None = None


class ProcessGroup:
    """Starts processes that cannot outlive this one.

    Args:
        held: a file descriptor the guard keeps open until the last child is gone: the claim on the home.
        grace_seconds: how long the guard lets them stop by themselves.
        exit_seconds: how long the end of the guard is waited for; one that takes longer ends alone.
    """

    def __init__(self, held: int, grace_seconds: float = 8.0, exit_seconds: float = 10.0) -> None:
        self._exit_seconds = exit_seconds
        all_gone, self._alive = os.pipe()
        # Joining the guard's group needs its session, so it is in ours; a terminal's Ctrl-C goes to our group only.
        self._guard = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-I", "-S", str(_GUARD), str(all_gone), str(grace_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(all_gone, held),
            process_group=0,
        )
        os.close(all_gone)

    async def start(
        self, spec: ProcessSpec, *, waits: bool = False
    ) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
        """A process of the group, and what it writes to both of its streams; ``waits`` for a line before it runs.

        Raises:
            OSError: the program cannot be started.
        """
        # A pipe of our own: the loop's would hold back the process's end until the last grandchild closed it too.
        source, sink = os.pipe()
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        with os.fdopen(source, "rb", buffering=0) as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *spec.command,
                    env={**spec.env, WAITS: "1"} if waits else dict(spec.env),
                    cwd=spec.cwd,
                    stdin=asyncio.subprocess.PIPE if waits else asyncio.subprocess.DEVNULL,
                    stdout=sink,
                    stderr=asyncio.subprocess.STDOUT,
                    pass_fds=(self._alive,),
                    process_group=self._guard.pid,
                )
            finally:
                os.close(sink)
            loop = asyncio.get_running_loop()
            await loop.connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(output.fileno()), "rb", buffering=0)
            )
        return process, reader

    def close(self) -> None:
        """End whatever a stopped child left behind, and the guard with it."""
        os.close(self._alive)
        assert self._guard.stdin is not None  # noqa: S101 - it was asked for above
        self._guard.stdin.close()
        # A guard that has more to do does it alone.
        with suppress(subprocess.TimeoutExpired):
            self._guard.wait(self._exit_seconds)
