"""Which code is running: the commit, marked where the tree differs from it; else a hash of the package's own files."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path
from shutil import which

PACKAGE = Path(__file__).resolve().parent


@cache
def code_sha() -> str:
    """The commit's hash, ``-dirty`` added when the package differs from it; ``src-...`` outside a checkout."""
    git = which("git")
    repository = PACKAGE.parents[1]
    if git is not None and (repository / ".git").exists():
        head = _ask(git, repository, "rev-parse", "HEAD")
        if head:
            dirty = _ask(git, repository, "status", "--porcelain", "--", "backend")
            return f"{head}-dirty" if dirty else head
    return f"src-{_content_hash()}"


def _ask(git: str, repository: Path, *words: str) -> str:
    # A checkout owned by somebody else is refused by git; the content hash then speaks for the code.
    answer = subprocess.run(  # noqa: S603 - git from PATH with fixed words
        [git, "-C", str(repository), *words], capture_output=True, text=True, check=False, timeout=10
    )
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _content_hash() -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        total.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:40]
