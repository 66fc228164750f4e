"""The real server on a loopback port in a thread of its own, for clients that are not of the tests' event loop."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mktdash.domain.clock import system_clock
from mktdash.security.tokens import create_token
from mktdash.store.engine.session import open_engine
from tests.factories.web.application import resources_over, served

ROLES = ("viewer", "analyst", "operator", "admin")


@dataclass(frozen=True)
class Server:
    """Where it listens, and a token of each role."""

    address: str
    tokens: Mapping[str, str]

    @property
    def url(self) -> str:
        """The address as a URL without a path."""
        return f"http://{self.address}"

    def bearer(self, role: str) -> dict[str, str]:
        """The header of a role."""
        return {"authorization": f"Bearer {self.tokens[role]}"}


@contextmanager
def served_in_a_thread(database_url: str, **settings: Any) -> Iterator[Server]:
    """A running server over a migrated database; ends with the block."""
    started: list[Server | BaseException] = []
    ready, loop_of = threading.Event(), []
    ending = asyncio.Event()

    async def serve() -> None:
        engine = open_engine(database_url)
        try:
            tokens = {
                role: await create_token(engine, name=f"a {role}", role=role, clock=system_clock) for role in ROLES
            }
            async with served(resources_over(engine, **settings)) as address:
                loop_of.append(asyncio.get_running_loop())
                started.append(Server(address, tokens))
                ready.set()
                await ending.wait()
        finally:
            await engine.dispose()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            started.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="server under test")
    thread.start()
    ready.wait()
    server = started[0]
    if isinstance(server, BaseException):
        thread.join()
        raise server
    try:
        yield server
    finally:
        loop_of[0].call_soon_threadsafe(ending.set)
        thread.join()
        if isinstance(started[-1], BaseException):
            raise started[-1]
