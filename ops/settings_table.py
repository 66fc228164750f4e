"""Writes the README's table of settings from the settings class, so that the two cannot differ for long."""

import re
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from mktdash.settings import REPOSITORY, Settings

README = REPOSITORY / "README.md"
_PLACE = re.compile(r"(<!-- settings:.*?-->\n)(.*?)(<!-- /settings -->)", re.DOTALL)


def table() -> str:
    """The table in Markdown: each setting's variable, its default and its sentence."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join(["| Variable | Default | What it does |", "|---|---|---|", *rows]) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    variable = alias.choices[0] if isinstance(alias, AliasChoices) else f"MKTDASH_{name.upper()}"
    return f"| `{variable}` | {_default(field.default)} | {field.description} |"


def _default(value: Any) -> str:
    match value:
        case None | "":
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return "`[" + ", ".join(f'"{one}"' for one in value) + "]`"
        case Path() if value.is_relative_to(REPOSITORY):
            return f"`{value.relative_to(REPOSITORY)}`"
        case _:
            return f"`{value}`"


def written(readme: str) -> str:
    """A README with the present table in its place."""
    return _PLACE.sub(lambda found: found[1] + table() + found[3], readme)


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
