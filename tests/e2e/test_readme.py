"""The README's examples, run as a reader would, give what the README says."""

import os
import re
import shutil
import subprocess

import pytest
from tests.e2e.running import REPOSITORY

SEPARATOR = "-- next --"


def examples():
    """Each console block as a list of commands with the output that is promised."""
    blocks = re.findall(r"^```console\n(.*?)^```", (REPOSITORY / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    for number, block in enumerate(blocks, 1):
        steps = re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
        yield pytest.param(steps, id=f"{number}: {steps[0][0][:40]}")


@pytest.mark.parametrize("steps", list(examples()))
def test_an_example_gives_what_the_readme_says(mktdash, steps):
    # given
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    script = "\n".join(f"{command}\necho\necho '{SEPARATOR}'" for command, _ in steps)
    # when
    run = subprocess.run(
        ["bash", "-c", script],
        env=os.environ | {"URL": mktdash.url, "TOKEN": mktdash.token, "NO_PROXY": "127.0.0.1", "LC_ALL": "C"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    # then
    answers = run.stdout.split(SEPARATOR)[:-1]
    assert len(answers) == len(steps), run.stderr
    for (command, promised), answer in zip(steps, answers, strict=True):
        assert matches(promised.strip(), answer.strip()), f"$ {command}\n{answer}"


def matches(promised, answer):
    """Whether an answer is as promised, where ``...`` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, promised.split("..."))), answer, re.DOTALL) is not None


def test_there_are_examples_of_asking_following_and_reporting():
    # given
    commands = [command for example in examples() for command, _ in example.values[0]]
    # when / then
    for word in ("series(", "subscription", "requestReport", "provenance", "/api/health"):
        assert any(word in command for command in commands)
