"""What was released stays: changes of the schema that would break a client of the last release."""

from pathlib import Path

from graphql import build_schema, find_breaking_changes


def last_release(folder: Path) -> Path | None:
    """The schema of the newest release in a folder of ``<version>.graphql`` files; None where there is none."""
    return max(folder.glob("*.graphql"), key=_version, default=None)


def breaking_changes(released: str, present: str) -> list[str]:
    """A sentence for each change between two schema texts that breaks a client of the first."""
    return [change.description for change in find_breaking_changes(build_schema(released), build_schema(present))]


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.stem.split("."))
