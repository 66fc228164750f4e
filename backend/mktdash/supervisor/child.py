"""One process that is kept running: its output relayed, its end told, a new one started after a growing pause."""

import asyncio
import contextlib
import os
import signal

from mktdash.deadline import deadline
from mktdash.supervisor.group import ProcessGroup, ProcessSpec
from mktdash.supervisor.log import ProcessLog

_LONGEST_PAUSE = 30.0
# A process that lived this long was well; its next end starts with a short pause again.
_WELL_AFTER = 60.0


class Child:
    """A process kept running until it is stopped; where ``let_in`` is given, it loads its code and waits for that."""

    def __init__(
        self,
        spec: ProcessSpec,
        group: ProcessGroup,
        log: ProcessLog,
        *,
        let_in: asyncio.Event | None = None,
        first_pause: float = 0.5,
    ) -> None:
        self.spec = spec
        self.ends = 0
        self.last_end = ""
        self._let_in = let_in
        self._first_pause = first_pause
        self._group = group
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run_once(self) -> int:
        """Run it to its end. Returns its exit code.

        Raises:
            OSError: the program cannot be started.
        """
        process, output = await self._group.start(self.spec, waits=self._let_in is not None)
        self._process = process
        if self._stopping.is_set():
            # Asked to stop while the program was being started.
            _signal(process, signal.SIGTERM)
        relay = asyncio.create_task(self._log.relay(self.spec.name, output))
        door = asyncio.create_task(self._open_to(process))
        try:
            code = await process.wait()
        finally:
            door.cancel()
            # A grandchild may hold the pipe open; what the child itself wrote is already there to be read.
            with contextlib.suppress(TimeoutError):
                async with deadline(1):
                    await relay
        return code

    async def keep_running(self) -> None:
        """Run it again and again until ``stop``."""
        clock = asyncio.get_running_loop().time
        pause = self._first_pause
        while not self._stopping.is_set():
            started = clock()
            try:
                self.last_end = _how(await self.run_once())
            except OSError as error:
                self.last_end = f"could not be started ({error.strerror or error})"
            if self._stopping.is_set():
                return
            self.ends += 1
            pause = self._first_pause if clock() - started > _WELL_AFTER else pause
            self._log.say("up", f"{self.spec.name} {self.last_end}; starting it again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _open_to(self, process: asyncio.subprocess.Process) -> None:
        if self._let_in is not None and process.stdin is not None:
            await self._let_in.wait()
            process.stdin.write(b"\n")
            process.stdin.close()

    async def stop(self, grace_seconds: float) -> None:
        """Ask it to end, and make it after the grace."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), grace_seconds)
        except TimeoutError:
            self._log.say("up", f"{self.spec.name} did not stop in {grace_seconds:g} s and was killed")
            _signal(process, signal.SIGKILL)
            await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # Not `process.send_signal`: before it signals it collects a child that has just ended, whose exit code is then
    # lost to the loop, which reports 255 and a warning instead.
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)


def _how(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
