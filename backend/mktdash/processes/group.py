"""The process group of all children, and the guard that ends it when the supervisor cannot."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_GUARD = Path(__file__).with_name("guard.py")
_GUARD_EXIT_SECONDS = 10


class Group:
    """Starts processes that cannot outlive this one.

    Args:
        held: a file descriptor the guard keeps open until the last child is gone: the claim on the home.
    """

    def __init__(self, held: int) -> None:
        all_gone, self._alive = os.pipe()
        # Joining the guard's group needs its session, so it is in ours; a terminal's Ctrl-C goes to our group only.
        self._guard = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-I", "-S", str(_GUARD), str(all_gone)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(all_gone, held),
            process_group=0,
        )
        os.close(all_gone)

    async def start(
        self, command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None
    ) -> asyncio.subprocess.Process:
        """A process of the group; its output, both streams, comes through ``stdout``.

        Raises:
            OSError: the program cannot be started.
        """
        return await asyncio.create_subprocess_exec(
            *command,
            env=dict(env),
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(self._alive,),
            process_group=self._guard.pid,
        )

    def close(self) -> None:
        """End whatever a stopped child left behind, and the guard with it."""
        os.close(self._alive)
        assert self._guard.stdin is not None  # noqa: S101 - it was asked for above
        self._guard.stdin.close()
        self._guard.wait(_GUARD_EXIT_SECONDS)
