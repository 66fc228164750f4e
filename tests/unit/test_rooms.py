"""A folder is a room of one noun: where it holds too many files of code, it is two."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = (".py", ".ts", ".tsx", ".css")
MOST_FILES = 15
NOT_OURS = {"node_modules", "dist", "coverage"}
# Folders that may hold more, each with its reason.
MORE = {"backend/mktdash/store/migrations/versions": "a file for each migration, and none may ever go"}


def crowded(root: Path) -> dict[str, int]:
    """How many files of code each folder holds at its own level, where that is too many."""
    found = {}
    for top in ("backend", "frontend", "tests", "ops"):
        for place, folders, names in os.walk(root / top):
            folders[:] = [name for name in folders if name not in NOT_OURS]
            files = [name for name in names if name.endswith(CODE) and name != "__init__.py"]
            if len(files) > MOST_FILES:
                found[Path(place).relative_to(root).as_posix()] = len(files)
    return found


def test_no_folder_holds_more_files_of_code_than_one_can_take_in() -> None:
    assert not crowded(ROOT).keys() - MORE.keys()


def test_files_of_code_are_counted_folder_by_folder(tmp_path: Path) -> None:
    for folder, count in (("backend/full", 16), ("tests/just", 15), ("ops/node_modules", 20)):
        (tmp_path / folder).mkdir(parents=True)
        for n in range(count):
            (tmp_path / folder / f"file{n}.py").touch()
        (tmp_path / folder / "__init__.py").touch()

    assert crowded(tmp_path) == {"backend/full": 16}
