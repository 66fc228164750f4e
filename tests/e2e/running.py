"""The real thing, started as a person would start it: ``mktdash up`` in a home of its own, without the network."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx

from mktdash.supervisor.port import free_port

REPOSITORY = Path(__file__).parents[2]
MKTDASH = (sys.executable, str(Path(sys.executable).with_name("mktdash")))
READY_SECONDS = 300
STOP_SECONDS = 300


def environment(home: Path, port: int, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a start: our own home and port, no network, none of the caller's settings but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MKTDASH_")}
    for name in ("DATABASE_URL", "REDIS_URL"):
        kept.pop(name, None)
    return kept | {"MKTDASH_HOME": str(home), "PORT": str(port), "MKTDASH_NETWORK": "off"} | dict(settings or {})


def processes_of(home: Path) -> dict[int, str]:
    """Every process that was started for a home, with its command line.

    Redis overwrites its environment with its title, so it is known as the child of one that did not.
    """
    wanted = f"MKTDASH_HOME={home}".encode()
    found, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = _command(folder)
        except (OSError, ValueError):
            continue
    children = [pid for pid, parent in parents.items() if parent in found and pid not in found]
    return found | {pid: _command(Path(f"/proc/{pid}")) for pid in children}


def alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _command(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


class Running:
    """A started supervisor and what it has printed."""

    def __init__(self, home: Path, port: int = 0, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = port or free_port("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [*MKTDASH, "up"],
            env=environment(home, self.port, settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for_line(self, *starts: str) -> str:
        """The next line that starts with one of these; fails, with all that was said, where none comes."""
        while True:
            line = self._lines.get(timeout=READY_SECONDS)
            if line is None:
                raise AssertionError(f"ended before it said {starts}:\n" + "\n".join(self.said))
            self.said.append(line)
            if line.startswith(starts):
                return line

    @property
    def link(self) -> str:
        """The address with its operator token, from the ready line."""
        return next(line for line in self.said if line.startswith("ready: ")).removeprefix("ready: ")

    @property
    def token(self) -> str:
        """The operator token."""
        return self.link.partition("token=")[2]

    def graphql(self, query: str, variables: Mapping[str, object] | None = None, token: str | None = None) -> dict:
        """The data of an answer; fails on errors."""
        said = self.answer(query, variables, token)
        assert "errors" not in said, said
        return said["data"]

    def answer(self, query: str, variables: Mapping[str, object] | None = None, token: str | None = None) -> dict:
        """An answer, whatever it says."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables or {}}
        return httpx.post(f"{self.url}/graphql", json=body, headers=headers, timeout=600, trust_env=False).json()

    def judged(self, *symbols: str) -> None:
        """Return when these series are there and their quality was looked at, which comes after "ready"."""
        query = "query($s: String!) { series(symbol: $s) { quality { metrics { metric } } } }"
        until = time.monotonic() + READY_SECONDS
        for symbol in symbols:
            while not (self.answer(query, {"s": symbol}).get("data") or {"series": None})["series"]:
                assert time.monotonic() < until, f"no {symbol}"
                time.sleep(0.1)
            while not self.graphql(query, {"s": symbol})["series"]["quality"]["metrics"]:
                assert time.monotonic() < until, f"nothing said of {symbol}"
                time.sleep(0.1)

    def pids(self) -> dict[int, str]:
        """Every process of this start, with its command line."""
        return processes_of(self.home)

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does, and wait for its end. Returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        code = self.process.wait(timeout=STOP_SECONDS)
        # The last child to end closes the last copy of the pipe.
        self._reader.join(timeout=STOP_SECONDS)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """However a test ended, nothing of it goes on."""
        try:
            self.stop()
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join(timeout=STOP_SECONDS)
            if self.process.stdout:
                self.process.stdout.close()

    def rest(self) -> list[str]:
        """All that was said, to the end."""
        while (line := self._lines.get(timeout=STOP_SECONDS)) is not None:
            self.said.append(line)
        return self.said
