"""Which code is running: the commit, marked where the tree differs from it; else a hash of the package's own files."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path
from shutil import which

PACKAGE = Path(__file__).resolve().parent


@cache
def code_sha(package: Path = PACKAGE, seconds_to_answer: float = 10) -> str:
    """The commit's hash, ``-dirty`` added when the package differs from it; ``src-...`` outside a checkout."""
    git = which("git")
    repository = package.parents[1]
    if git is not None and (repository / ".git").exists():
        head = _ask(git, repository, seconds_to_answer, "rev-parse", "HEAD")
        dirty = _ask(git, repository, seconds_to_answer, "status", "--porcelain", "--", "backend") if head else None
        if head and dirty is not None:
            return f"{head}-dirty" if dirty else head
    return f"src-{_content_hash(package)}"


def _ask(git: str, repository: Path, seconds: float, *words: str) -> str | None:
    # A checkout owned by somebody else is refused by git, and a slow disk may keep it from answering in time; the
    # content hash then speaks for the code.
    try:
        answer = subprocess.run(  # noqa: S603 - git from PATH with fixed words
            [git, "-C", str(repository), *words],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _content_hash(package: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        total.update(path.relative_to(package).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:40]
