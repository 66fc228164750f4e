"""The runbook of backfill and replay: every command in it runs, in its order, and prints what the page says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import parse, validate

from mktdash.graphql.schema import MktdashSchema

PAGE = Path(__file__).parents[3] / "ops" / "runbooks" / "backfill-replay.md"
BLOCKS = [
    (kind, name.strip(), text)
    for kind, name, text in re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
]
FAILS = re.compile(r"\(exit code (\d+)\)")


def commands():
    """Each command of the page with the lines it prints and its exit code."""
    for kind, _, text in BLOCKS:
        if kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, *printed = part.splitlines()
                code = next((int(found[1]) for line in printed if (found := FAILS.fullmatch(line))), 0)
                yield command, [line for line in printed if not FAILS.fullmatch(line)], code


def as_pattern(line):
    return ".*".join(re.escape(part) for part in line.split("…"))


def test_every_command_of_the_page_does_what_it_says(tmp_path):
    for kind, name, text in BLOCKS:
        if kind in {"csv", "json"}:
            (tmp_path / name).write_text(text)
    env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    env |= {"MKTDASH_HOME": str(tmp_path / "home"), "MKTDASH_NETWORK": "off"}
    ran = 0
    for command, printed, code in commands():
        program, *words = shlex.split(command)
        assert program == "mktdash"
        done = subprocess.run(
            [Path(sys.executable).with_name("mktdash"), *words],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (command, done.stderr)
        lines = done.stdout.splitlines()
        assert len(lines) == len(printed), (command, lines)
        for line, expected in zip(lines, printed, strict=True):
            assert re.fullmatch(as_pattern(expected), line), (command, line)
        ran += 1
    assert ran > 10


@pytest.mark.parametrize("document", [text for kind, _, text in BLOCKS if kind == "graphql"])
def test_every_graphql_operation_of_the_page_is_of_this_schema(document):
    assert validate(MktdashSchema().core, parse(document)) == []
