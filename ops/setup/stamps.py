"""Remembers what each step was made from, so that a step whose inputs have not changed is not done again."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from steps import ROOT, STATE


def digest(paths: Iterable[Path], *facts: str) -> str:
    """One hash over files (by name and content) and facts."""
    whole = hashlib.sha256("\0".join(facts).encode())
    for path in sorted(paths):
        whole.update(f"\0{path.relative_to(ROOT)}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def files_under(folder: Path, *, without: frozenset[str]) -> list[Path]:
    """Every file of a folder, but for the sub-folders named, into which nobody looks: one of them holds thousands."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - without)
        found += (Path(place, name) for name in names if name not in without)
    return [path for path in found if path.is_file()]


def read(name: str) -> dict[str, str]:
    """What was noted; nothing where there is no note, or none that can be read."""
    try:
        noted = json.loads((STATE / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def write(name: str, **facts: str) -> None:
    """Note what a finished step was made from."""
    (STATE / f"{name}.json").write_text(json.dumps(facts, indent=1))


def forget(name: str) -> None:
    """Before a step is done again: an interrupted step must not look finished."""
    (STATE / f"{name}.json").unlink(missing_ok=True)
