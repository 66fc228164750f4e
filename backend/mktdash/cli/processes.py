"""Commands that run until stopped: all of mktdash on one machine, or one kind of process of it."""

import asyncio
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from mktdash.settings import Settings
from mktdash.start_signal import wait_to_run

# Every file that these processes and their children make, Redis among them, is state: the owner's alone.
_PRIVATE = 0o077


def add_to(app: typer.Typer) -> None:
    """Register ``up``, ``web``, ``worker`` and ``feed``."""
    for command in (up, web, worker, feed):
        app.command()(command)


def up() -> None:
    """Run everything on this machine: Redis, web, worker and feed. Prints `ready: URL`."""
    from mktdash.supervisor.up import run_up

    os.umask(_PRIVATE)
    raise typer.Exit(asyncio.run(run_up(Settings())))


def web() -> None:
    """Serve the page, the API and the health routes."""
    with _loading():
        from uvicorn.loops.auto import auto_loop_factory

        from mktdash.app import run_web

    # uvloop where it can be had: it moves bytes to and from clients and the database for less.
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        raise typer.Exit(runner.run(run_web(Settings())))


def worker() -> None:
    """Run reports and replays from the queue."""
    with _loading():
        from mktdash.worker import run_worker

    wait_to_run()
    asyncio.run(run_worker(Settings()))


def feed() -> None:
    """Fetch new data from the sources, each on its schedule."""
    with _loading():
        from mktdash.feed import run_feed

    wait_to_run()
    asyncio.run(run_feed(Settings()))


@contextmanager
def _loading() -> Iterator[None]:
    """Load code without looking for garbage all the while, which takes an eighth more; code stays anyway."""
    gc.disable()
    try:
        os.umask(_PRIVATE)
        yield
    finally:
        gc.freeze()
        gc.enable()
