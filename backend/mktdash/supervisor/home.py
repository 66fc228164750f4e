"""The claim on a home folder: one supervisor at a time, and a second one is told who holds it."""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from mktdash.domain.errors import UnavailableError
from mktdash.home_permissions import private_home

_POLL_SECONDS = 0.05


class CannotStartError(UnavailableError):
    """Something on this machine stands in the way of a start; the message is the one sentence that says what."""


@asynccontextmanager
async def claim(
    home: Path,
    url: str,
    waiting: Callable[[], object] = lambda: None,
    *,
    say_after: float = 2.0,
    give_up_after: float = 60.0,
) -> AsyncIterator[int]:
    """Hold a home folder, made where it is missing. Yields the descriptor whose last close gives the claim up.

    The guard of a killed supervisor holds the claim until its last child is gone: ``waiting`` is called once where that
    takes longer than ``say_after`` seconds.

    Raises:
        CannotStartError: the folder cannot be used, or another supervisor holds it.
    """
    descriptor = _open(home)
    try:
        await _lock(descriptor, home, waiting, say_after, give_up_after)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _open(home: Path) -> int:
    try:
        private_home(home)
        return os.open(home / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStartError(
            f"the home folder {home} cannot be used ({error.strerror}); choose another with MKTDASH_HOME."
        ) from None


async def _lock(
    descriptor: int, home: Path, waiting: Callable[[], object], say_after: float, give_up_after: float
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    announced = False
    while not _locked(descriptor):
        holder, url = _holder(descriptor)
        if _alive(holder):
            raise CannotStartError(
                f"mktdash already runs on {home} (process {holder}, {url});"
                " stop it first, or choose another home with MKTDASH_HOME."
            )
        waited = loop.time() - began
        if waited > say_after and not announced:
            waiting()
            announced = True
        if waited > give_up_after:
            raise CannotStartError(
                f"processes of an earlier start on {home} have not ended; end them, or choose another home with"
                " MKTDASH_HOME."
            )
        await asyncio.sleep(_POLL_SECONDS)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> tuple[int, str]:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return int(holder["pid"]), str(holder["url"])
    except (ValueError, KeyError, TypeError):
        return 0, "no address noted yet"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
