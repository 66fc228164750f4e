"""The set-up behind make: brings a bare machine to where mktdash runs, and does nothing that is already done.

It runs on a plain Python before anything is installed, so it imports the standard library only.
"""

import ctypes
import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import browser
import environment
import node
from failures import SetupError, explain_os_error
from steps import ROOT, STATE, complain, note

_PR_SET_PDEATHSIG = 1
_PYTEST = [str(environment.PYTHON), "-m", "pytest"]
_OF_PROCESSES = ("tests/chaos", "tests/e2e")
# These look at no page, no browser and no Node, so nothing is built for them.
_UNIT = "tests/unit"
_USAGE = "usage: start setup | run | test | tools | pytest ARGS | watch PATHS | npm ARGS"


def main(arguments: list[str]) -> int:
    """Do what a make target asks. Returns the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    try:
        return _do(command, rest)
    except SetupError as failure:
        complain(str(failure))
    except OSError as failure:
        complain(explain_os_error(failure))
    except KeyboardInterrupt:
        complain("stopped; run the same command again to go on from here.")
        return 130
    return 1


def _do(command: str, rest: list[str]) -> int:
    os.chdir(ROOT)
    match command:
        case "setup":
            _prepare(with_test_tools=False)
        case "tools":
            _prepare(with_test_tools=True)
        case "run":
            _prepare(with_test_tools=False)
            _end_with_parent()
            _become("up")
        case "pytest":
            return _call([*_PYTEST, *rest], _test_environment(rest))
        case "watch":
            run = shlex.join([*_PYTEST, "-q", *rest])
            watch = [str(environment.PYTHON), "-m", "watchfiles", "--filter", "python", run, "backend", "tests"]
            return _call(watch, _test_environment(rest))
        case "test":
            return _test_all(_test_environment([]))
        case "npm":
            program, env = node.npm(environment.environment())
            return _call([*map(str, program), *rest], env, cwd=ROOT / "frontend")
        case _:
            complain(_USAGE)
            return 2
    return 0


def _test_environment(paths: list[str]) -> dict[str, str]:
    """Set up what the tests of these paths stand on; of all tests, where none is named."""
    env = environment.environment()
    unit = bool(paths) and all(path.startswith(_UNIT) for path in paths)
    _prepare(with_test_tools=True, with_page=not unit)
    if unit:
        return env
    with _alone():
        node.ensure_clients(env)
    chromium = browser.ensure(env)
    return env | _chrome(chromium)


def _test_all(env: dict[str, str]) -> int:
    """Run every test; those that mostly wait for processes run beside the others, and are shown after them."""
    log = STATE.parent / "tests" / "beside.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        beside = subprocess.Popen([*_PYTEST, *_OF_PROCESSES], env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        codes = [_call([*_PYTEST, *(f"--ignore={path}" for path in _OF_PROCESSES)], env)]
        program, npm_env = node.npm(environment.environment())
        codes.append(_call([*map(str, program), "test"], npm_env, cwd=ROOT / "frontend"))
        note(f"{' and '.join(_OF_PROCESSES)}, which ran beside these:")
        codes.append(_wait(beside))
    finally:
        if beside.poll() is None:
            beside.send_signal(signal.SIGINT)
            beside.wait()
        sys.stdout.flush()
        sys.stdout.buffer.write(log.read_bytes())
        sys.stdout.flush()
    return next((code for code in codes if code), 0)


def _prepare(*, with_test_tools: bool, with_page: bool = True) -> None:
    started = time.monotonic()
    STATE.mkdir(parents=True, exist_ok=True)
    with _alone():
        changed = environment.ensure(with_test_tools=with_test_tools)
        if with_page:
            changed = node.ensure_page(environment.environment()) or changed
    seconds = time.monotonic() - started
    note(f"set-up done in {seconds:.1f} s" if changed else f"set-up: nothing to do ({seconds:.1f} s)")


@contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time in one folder; a second one waits and then finds everything done."""
    with (STATE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("another set-up is at work in this folder; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _chrome(path: str | None) -> dict[str, str]:
    return {"CHROME_PATH": path} if path else {}


def _become(*arguments: str) -> None:
    """Turn into mktdash, so that make's child is the supervisor itself and gets its signals."""
    program = environment.VENV / "bin" / "mktdash"
    sys.stdout.flush()
    env = environment.environment()
    os.execve(environment.PYTHON, [str(environment.PYTHON), str(program), *arguments], env)  # noqa: S606 - no shell is the point


def _end_with_parent() -> None:
    """Where the system can (Linux), a killed make stops what it started; the wish survives the exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _call(command: list[str], env: dict[str, str], cwd: Path = ROOT) -> int:
    return _wait(subprocess.Popen(command, env=env, cwd=cwd))


def _wait(process: "subprocess.Popen[bytes]") -> int:
    # Ctrl-C reaches the tool by itself; we wait for its own end and pass its code on.
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
