"""A Chromium for the browser tests: the machine's own, else Debian's where we may install it, else Playwright's."""

import os
import shutil
import subprocess
from pathlib import Path

import stamps
from environment import PYTHON
from failures import SetupError
from steps import note, run_step

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_DOWNLOAD_SECONDS = 600
_WHERE = "from playwright.sync_api import sync_playwright as p\nwith p() as w: print(w.chromium.executable_path)"


def ensure(env: dict[str, str]) -> str | None:
    """The path of a Chromium, got if need be; None where none can be had, which is said.

    Raises:
        SetupError: CHROME_PATH names something that is not a program.
    """
    named = os.environ.get("CHROME_PATH")
    if named:
        if not os.access(named, os.X_OK):
            raise SetupError(f"CHROME_PATH is {named}, which is not a program that can be run.")
        return named
    return _on_path() or _playwright(env) or _from_debian(env) or _from_playwright(env) or _none()


def _on_path() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def _playwright(env: dict[str, str]) -> str | None:
    noted = stamps.read("browser").get("path", "")
    if os.access(noted, os.X_OK):
        return noted
    said = subprocess.run([PYTHON, "-c", _WHERE], check=False, capture_output=True, text=True, env=env).stdout.strip()
    if not said or not Path(said).exists():
        return None
    stamps.write("browser", path=said)
    return said


def _from_debian(env: dict[str, str]) -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    quiet = env | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run_step("reading Debian's package lists", ["apt-get", "update"], env=quiet)
        run_step("installing Chromium", ["apt-get", "install", "-y", "--no-install-recommends", "chromium"], env=quiet)
    except SetupError as failure:
        note(str(failure))
    return _on_path()


def _from_playwright(env: dict[str, str]) -> str | None:
    try:
        run_step("downloading Chromium", [PYTHON, "-m", "playwright", "install", "chromium"],
                 env=env, tool="playwright", seconds=_DOWNLOAD_SECONDS)  # fmt: skip
    except SetupError as failure:
        note(str(failure))
    return _playwright(env)


def _none() -> None:
    note("no Chromium could be had, so the browser tests will be skipped (install one, or set CHROME_PATH)")
