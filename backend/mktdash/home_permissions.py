"""Permissions of the home folder: only its owner reads what is stored, logged and queued there."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

# What mktdash itself keeps in a home; the rest is somebody else's.
_FILES = ("mktdash.db*", "up.lock", "redis.sock")
_FOLDERS = ("redis", "logs")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_home(home: Path) -> None:
    """Make a home where it is missing, and take from others what an earlier start, or another umask, gave them.

    A folder of another user's is left as it is: its owner has shared it.

    Raises:
        OSError: the folder cannot be made.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (home, *_kept(home)):
        _close_to_others(path)


def private_file(path: Path) -> None:
    """Make a file that only its owner can read, where there is none; one that is there is left as it is."""
    if path.parent.is_dir() and not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o600))


def _kept(home: Path) -> Iterator[Path]:
    for pattern in _FILES:
        yield from home.glob(pattern)
    for name in _FOLDERS:
        folder = home / name
        if folder.is_dir() and not folder.is_symlink():
            yield folder
            yield from folder.rglob("*")


def _close_to_others(path: Path) -> None:
    try:
        found = path.lstat()
        # A link's own rights say nothing, and what it leads to was not made here.
        if found.st_uid == os.getuid() and found.st_mode & _OTHERS and not stat.S_ISLNK(found.st_mode):
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except FileNotFoundError:
        # SQLite and Redis take files away while we look.
        return
