"""Which code is running: the commit, marked where the tree differs from it; else a hash of the package's own files."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path
from shutil import which

PACKAGE = Path(__file__).resolve().parent
_SECONDS_TO_ANSWER = 10


@cache
def code_sha() -> str:
    """The commit's hash, ``-dirty`` added when the package differs from it; ``src-...`` outside a checkout."""
    git = which("git")
    repository = PACKAGE.parents[1]
    if git is not None and (repository / ".git").exists():
        head = _ask(git, repository, "rev-parse", "HEAD")
        dirty = _ask(git, repository, "status", "--porcelain", "--", "backend") if head else None
        if head and dirty is not None:
            return f"{head}-dirty" if dirty else head
    return f"src-{_content_hash()}"


def _ask(git: str, repository: Path, *words: str) -> str | None:
    # A checkout owned by somebody else is refused by git, and a slow disk may keep it from answering in time; the
    # content hash then speaks for the code.
    try:
        answer = subprocess.run(  # noqa: S603 - git from PATH with fixed words
            [git, "-C", str(repository), *words],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS_TO_ANSWER,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _content_hash() -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        total.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:40]
