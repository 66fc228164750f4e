"""The virtual environment: made with whatever this Python has, filled by a pinned uv from uv.lock."""

import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import node
import stamps
from failures import NO_SPACE, SetupError
from steps import ROOT, STATE, note, run_step

UV_VERSION = "0.13.9"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
_NEEDED_BYTES = 1_500_000_000
# Each of these, set for something else, would make pip, uv, npm or Python install or import from the wrong place.
_STRAY = (
    "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON",
    "UV_PROJECT", "UV_NO_SYNC", "UV_SYSTEM_PYTHON", "UV_LOCKED", "UV_FROZEN", "PIP_USER", "PIP_TARGET", "PIP_PREFIX",
    "PIP_REQUIRE_VIRTUALENV", "PIP_NO_DEPS", "PIP_NO_BINARY", "NODE_ENV", "NODE_PATH", "NODE_OPTIONS",
)  # fmt: skip


def environment() -> dict[str, str]:
    """The caller's environment, without what was meant for other projects, and with a cache that can be written."""
    env = {name: value for name, value in os.environ.items() if name not in _STRAY}
    env.setdefault("PATH", os.defpath)
    env |= {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    env["npm_config_update_notifier"] = "false"
    home = env.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        env["HOME"] = str(STATE)
        env.setdefault("UV_CACHE_DIR", str(STATE.parent / "uv"))
        env.setdefault("npm_config_cache", str(STATE.parent / "npm"))
        env.setdefault("PIP_CACHE_DIR", str(STATE.parent / "pip"))
    # The machine's own trusted certificates, where it has some: a company's index is often signed by the company.
    trusted = ssl.get_default_verify_paths()
    if trusted.cafile or (trusted.capath and any(Path(trusted.capath).iterdir())):
        env.setdefault("UV_SYSTEM_CERTS", "1")
        env.setdefault("NODE_USE_SYSTEM_CA", "1")
    return env


def ensure(*, with_test_tools: bool) -> bool:
    """Make .venv match uv.lock. Returns whether anything was done.

    An environment that has the test tools keeps them when only the run needs it, so `make run` after `make test`
    installs nothing.

    Raises:
        SetupError: it could not be made.
    """
    noted = stamps.read("environment")
    wanted = stamps.digest([ROOT / "uv.lock", ROOT / "pyproject.toml"], str(ROOT), UV_VERSION)
    with_test_tools = with_test_tools or noted.get("tools") == "yes"
    if PYTHON.exists() and noted.get("inputs") == wanted and (noted.get("tools") == "yes" or not with_test_tools):
        return False
    if not noted and shutil.disk_usage(ROOT).free < _NEEDED_BYTES:
        raise SetupError(NO_SPACE)
    stamps.forget("environment")
    env = environment()
    if noted.get("root") not in (None, str(ROOT)) or not _works(PYTHON):
        shutil.rmtree(VENV, ignore_errors=True)
    if not _works(PYTHON):
        create(env)
    if not _works(UV):
        run_step(f"installing uv {UV_VERSION}", [*_pip(), "install", "--quiet", "--retries", "2", f"uv=={UV_VERSION}"],
                 env=env, tool="pip")  # fmt: skip
    groups = ["--all-groups"] if with_test_tools else ["--no-default-groups", *_build_group()]
    title = "installing the locked dependencies" + (" and test tools" if with_test_tools else "")
    run_step(title, [UV, "sync", "--locked", "--inexact", "--python", PYTHON, *groups], env=env)
    stamps.write("environment", inputs=wanted, tools="yes" if with_test_tools else "no", root=str(ROOT))
    return True


def _build_group() -> list[str]:
    return [] if node.on_path() else ["--group", "build"]


def _works(program: Path) -> bool:
    # A copied or half-made environment has the file, but not an interpreter behind it.
    try:
        return subprocess.run([program, "--version"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _pip() -> list[str | Path]:
    if (VENV / "bin" / "pip").exists():
        return [PYTHON, "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", PYTHON]


def create(env: dict[str, str]) -> None:
    """A virtual environment from this Python, which on Debian may come in parts.

    Raises:
        SetupError: this Python can neither make one with pip in it, nor has a pip of its own, nor may we add it.
    """
    if not _has("ensurepip") and not _has("pip") and not _add_debian_venv(env):
        package = f"python3.{sys.version_info.minor}-venv"
        raise SetupError(
            f"{sys.executable} comes without pip and without ensurepip, so it cannot install anything:"
            f" add them (Debian and Ubuntu: sudo apt install {package}) or name another with PYTHON=/path/to/python3."
        )
    bare = [] if _has("ensurepip") else ["--without-pip"]
    run_step("making the virtual environment", [sys.executable, "-m", "venv", *bare, VENV], env=env, tool="venv")


def _has(module: str) -> bool:
    # Asked of a new process: a package added a moment ago must be seen.
    probe = {"ensurepip": "import ensurepip; ensurepip.version()", "pip": "import pip.__main__"}[module]
    return subprocess.run([sys.executable, "-I", "-c", probe], check=False, capture_output=True).returncode == 0


def _add_debian_venv(env: dict[str, str]) -> bool:
    """Where we are root on Debian, add the missing part of its Python; said aloud."""
    if os.geteuid() != 0 or not shutil.which("apt-get") or not sys.executable.startswith("/usr/bin/"):
        return False
    package = f"python3.{sys.version_info.minor}-venv"
    note(f"this Python has no pip; adding Debian's {package}")
    try:
        run_step("reading Debian's package lists", ["apt-get", "update"], env=env)
        run_step(f"installing {package}", ["apt-get", "install", "-y", package],
                 env=env | {"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
    except SetupError:
        return False
    return _has("ensurepip")
