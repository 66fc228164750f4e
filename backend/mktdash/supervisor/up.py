"""``mktdash up``: Redis, the schema, the first data, then web, worker and feed on one machine, until stopped.

What loads slowly is imported late: the processes load their code at the same time.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mktdash.settings import Settings
from mktdash.supervisor.child import Child
from mktdash.supervisor.group import ProcessGroup, ProcessSpec
from mktdash.supervisor.home import CannotStartError, claim
from mktdash.supervisor.log import ProcessLog
from mktdash.supervisor.port import free_port, own_address
from mktdash.supervisor.readiness import ask
from mktdash.supervisor.redis_server import redis_spec

if TYPE_CHECKING:
    from mktdash.supervisor.prepare import Prepared

# As the Procfile has them; a test compares.
PROCESSES = ("web", "worker", "feed")
_FIRST_SOURCE = "ecb"
_STOP_SECONDS = 10.0
_REDIS_SECONDS = 60.0
_POLL_SECONDS = 0.1
_SCREEN_SECONDS = 2.0
_SAY_WAITING_EVERY = 10.0
_ENDS_BEFORE_GIVING_UP = 3
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - what to open, not what to bind


async def run_up(settings: Settings) -> int:
    """Run everything until SIGINT, SIGTERM or SIGHUP. Returns the exit code; a failed start is one line on stderr."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(stop, stopping.set)
    try:
        async with AsyncExitStack() as stack:
            asked = asyncio.create_task(stopping.wait())
            stack.push_async_callback(_finish, asked)
            preparing = asyncio.create_task(stack.enter_async_context(_prepared(settings)))
            await asyncio.wait({preparing, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not preparing.done():
                await _finish(preparing)
                return 0
            up = preparing.result()
            running = asyncio.create_task(up.run())
            # A hung-up terminal signals its session's leader only, and that may be a make that waits for us.
            left = asyncio.create_task(_until_screen_is_gone(up.log))
            stack.push_async_callback(_finish, running, left)
            await asyncio.wait({running, asked, left}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
            up.log.say("up", "stopping")
    except CannotStartError as error:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"mktdash: {error.message}\n")
        return 1
    return 0


async def _until_screen_is_gone(log: ProcessLog) -> None:
    while not log.screen_is_gone():  # noqa: ASYNC110 - the system has no event for it that a loop could wait on
        await asyncio.sleep(_SCREEN_SECONDS)


async def _finish(*tasks: "asyncio.Task[object]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _say_waiting() -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write("mktdash: waiting for the processes of an earlier start to end\n")


@asynccontextmanager
async def _prepared(settings: Settings) -> AsyncIterator["_Up"]:
    """The claim on the home, the log and the process group; nothing of ours runs any more when it ends."""
    host = _ANY_ADDRESS.get(settings.host, settings.host)
    shown = f"[{host}]" if ":" in host else host
    async with AsyncExitStack() as stack:
        # The claim comes first: whoever runs here already holds the port too, and is the better thing to be told.
        held = await stack.enter_async_context(claim(settings.home, f"http://{shown}:{settings.port}/", _say_waiting))
        port = free_port(settings.host, settings.port)
        try:
            log = ProcessLog(settings.home / "logs", ("up", *PROCESSES, "ingest"), in_file_only=("redis",))
            group = ProcessGroup(held)
        except OSError as error:
            raise CannotStartError(f"cannot write to {settings.home} ({error.strerror}).") from None
        stack.callback(log.close)
        stack.callback(group.close)
        env = os.environ | {"PORT": str(port), "MKTDASH_HOME": str(settings.home.resolve()), "PYTHONUNBUFFERED": "1"}
        up = _Up(settings, host, port, f"http://{shown}:{port}/", env, log, group, asyncio.Event(), [], {})
        stack.push_async_callback(up.stop)
        yield up


@dataclass(frozen=True, slots=True)
class _Up:
    settings: Settings
    host: str
    port: int
    url: str
    env: dict[str, str]
    log: ProcessLog
    group: ProcessGroup
    let_in: asyncio.Event
    children: list[Child]
    tasks: dict[str, "asyncio.Task[None]"]

    async def run(self) -> None:
        """Start everything in order, say when it is ready, and stay.

        Raises:
            CannotStartError: a part could not be started.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        if self.settings.redis == f"unix://{self.settings.redis_socket}":
            self._keep(redis_spec(self.settings.home, self.settings.redis_socket, self.env))
        for name in PROCESSES:
            self._keep(self._mktdash(name, name), let_in=self.let_in)
        prepared = await asyncio.to_thread(_load_prepared, self.settings)
        store = await prepared.prepare_store()
        await self._redis_answers(prepared)
        self.log.say("up", f"database and Redis are ready ({clock() - started:.1f} s)")
        if _FIRST_SOURCE not in store.sources:
            await self._first_data()
        self.let_in.set()
        await self._until_ready()
        self.log.say("up", f"everything is ready ({clock() - started:.1f} s); Ctrl-C stops it")
        if self.settings.host in _ANY_ADDRESS and (address := own_address()):
            self.log.announce(f"from another device: http://{address}:{self.port}/?token={store.token}")
        self.log.announce(f"ready: {self.url}?token={store.token}")
        # Not `gather`: cancelled, it would cut off what the processes say while they end.
        ended, _ = await asyncio.wait(self.tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
        for task in ended:
            task.result()

    async def stop(self) -> None:
        """Stop web, worker and feed, then Redis, which they use to their end."""
        servers = [child for child in self.children if child.spec.name == "redis"]
        await asyncio.gather(*(child.stop(_STOP_SECONDS) for child in self.children if child not in servers))
        await asyncio.gather(*(child.stop(_STOP_SECONDS) for child in servers))
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        if self.children:
            self.log.say("up", "everything has stopped")

    async def _redis_answers(self, prepared: "Prepared") -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _REDIS_SECONDS
        while fault := await prepared.redis_fault():
            failed = self._given_up()
            if failed is not None and failed.spec.name != "redis":
                raise _given_up_on(failed)
            if loop.time() > until or failed is not None:
                raise CannotStartError(f"Redis does not answer ({fault}); its own lines are in {self.log.file}.")
            await asyncio.sleep(_POLL_SECONDS)

    async def _first_data(self) -> None:
        """The recorded or present history of the first source; a failure is said and does not stop the start."""
        self.log.say("up", "the store is empty: loading the ECB's reference rates")
        first = Child(self._mktdash("ingest", "ingest", _FIRST_SOURCE), self.group, self.log)
        self.children.append(first)
        if await first.run_once() != 0:
            self.log.say("up", "the first data could not be loaded; the feed will try again")
        self.children.remove(first)

    async def _until_ready(self) -> None:
        """Poll until ready; say what is missing now and then.

        Raises:
            CannotStartError: a process ended again and again.
        """
        clock = asyncio.get_running_loop().time
        say_next = clock() + _SAY_WAITING_EVERY
        while not (answer := await ask(self.host, self.port)).ready:
            if failed := self._given_up():
                raise _given_up_on(failed)
            if clock() > say_next:
                self.log.say("up", f"still waiting for: {answer.missing or 'readiness'}")
                say_next = clock() + _SAY_WAITING_EVERY
            await asyncio.sleep(_POLL_SECONDS)

    def _given_up(self) -> Child | None:
        return next((child for child in self.children if child.ends >= _ENDS_BEFORE_GIVING_UP), None)

    def _mktdash(self, name: str, *arguments: str) -> ProcessSpec:
        program = Path(sys.executable).with_name("mktdash")
        return ProcessSpec(name, (sys.executable, str(program), *arguments), self.env)

    def _keep(self, spec: ProcessSpec, *, let_in: asyncio.Event | None = None) -> None:
        child = Child(spec, self.group, self.log, let_in=let_in)
        self.children.append(child)
        self.tasks[spec.name] = asyncio.create_task(child.keep_running())


def _given_up_on(child: Child) -> CannotStartError:
    return CannotStartError(
        f"{child.spec.name} {child.last_end} {child.ends} times before all was ready; its own lines above say why."
    )


def _load_prepared(settings: Settings) -> "Prepared":
    from mktdash.supervisor.prepare import Prepared  # noqa: PLC0415 - on a thread, while the processes load theirs

    return Prepared(settings)
