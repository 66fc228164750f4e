"""The set-up's sentences and stamps, without installing anything."""

import errno
import importlib
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "ops" / "setup"
START = FOLDER / "start"


@pytest.fixture(scope="module")
def modules():
    """The set-up's own modules, which stand beside each other and are no package."""
    names = ("failures", "steps", "stamps", "node", "environment", "browser")
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(FOLDER))
        for name in names:
            sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("tool", "output", "word"),
    [
        ("uv", "error: Failed to fetch: `https://index/simple/six/`\n  Caused by: dns error", "could not be reached"),
        ("pip", "NewConnectionError: [Errno 111] Connection refused\nERROR: No match", "could not be reached"),
        ("npm", "npm error code ENOTFOUND\nnpm error network request failed", "could not be reached"),
        ("uv", "client error (Connect)\ninvalid peer certificate: UnknownIssuer", "certificate is not trusted"),
        ("uv", "error: command 'gcc' failed: No such file or directory", "C compiler"),
        ("uv", "make: cc: No such file\nerror: [Errno 2] No such file or directory: 'gcc'", "C compiler"),
        ("npm", "npm error code ENOSPC\nnpm error ENOTFOUND", "disk is full"),
        ("uv", "failed to create directory: Permission denied (os error 13)", "could not be written"),
        ("uv", "The lockfile at `uv.lock` needs to be updated", "uv lock"),
        ("npm", "`npm ci` can only install packages when your package-lock.json are in sync", "package-lock.json"),
        ("npm", "x\nError: Failed to resolve /main.tsx\n at here\nnpm notice news", "Failed to resolve /main.tsx"),
        ("npm", "", "without a word"),
    ],
)  # fmt: skip
def test_what_a_failed_tool_wrote_becomes_one_sentence(modules, tool, output, word):
    # given / when
    sentence = modules["failures"].explain(tool, output)
    # then
    assert word in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("number", "word"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot be written"), (errno.EACCES, "who owns")]
)
def test_a_file_that_cannot_be_written_is_one_sentence(modules, number, word):
    # given / when / then
    assert word in modules["failures"].explain_os_error(OSError(number, os.strerror(number), "/some/file"))


def test_a_step_shows_its_seconds_and_keeps_what_the_tool_wrote(modules, tmp_path, monkeypatch, capsys):
    # given
    steps = modules["steps"]
    monkeypatch.setattr(steps, "STATE", tmp_path)
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    # when
    steps.run_step("saying hello", ["sh", "-c", "echo hello; echo there >&2"], env=dict(os.environ), cwd=tmp_path)
    # then
    assert re.fullmatch(r"  saying hello \.\.\. \d+\.\d s\n", capsys.readouterr().out)
    assert (tmp_path / "saying-hello.log").read_text() == "hello\nthere\n"


def test_a_step_that_fails_says_why_and_where_the_rest_is(modules, tmp_path, monkeypatch, capsys):
    # given
    steps = modules["steps"]
    monkeypatch.setattr(steps, "STATE", tmp_path)
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    # when
    with pytest.raises(modules["failures"].SetupError) as caught:
        steps.run_step("trying", ["sh", "-c", "echo ENOSPC; exit 3"], env=dict(os.environ), cwd=tmp_path)
    # then
    assert "disk is full" in str(caught.value)
    assert "trying.log" in str(caught.value)
    assert "failed" in capsys.readouterr().out


def test_a_digest_changes_with_names_contents_and_facts(modules, tmp_path, monkeypatch):
    # given
    stamps = modules["stamps"]
    monkeypatch.setattr(stamps, "ROOT", tmp_path)
    one = tmp_path / "one"
    one.write_text("x")
    first = stamps.digest([one], "fact")
    # when
    others = [stamps.digest([one], "other"), stamps.digest([one])]
    one.write_text("y")
    others.append(stamps.digest([one], "fact"))
    moved = one.rename(tmp_path / "two")
    moved.write_text("x")
    others.append(stamps.digest([moved], "fact"))
    # then
    assert len({first, *others}) == 5


def test_what_was_meant_for_other_projects_does_not_reach_the_tools(modules, monkeypatch, tmp_path):
    # given
    environment = modules["environment"]
    monkeypatch.setattr(environment, "STATE", tmp_path / ".cache" / "setup")
    for name, value in {"PYTHONHOME": "/odd", "PIP_USER": "1", "NODE_ENV": "production", "KEPT": "yes"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOME", raising=False)
    # when
    env = environment.environment()
    # then
    assert not {"PYTHONHOME", "PIP_USER", "NODE_ENV"} & env.keys()
    assert env["KEPT"] == "yes"
    assert env["HOME"] == str(tmp_path / ".cache" / "setup")
    assert env["UV_CACHE_DIR"] == str(tmp_path / ".cache" / "uv")


def test_a_python_without_pip_where_none_can_be_added_is_one_sentence(modules, monkeypatch):
    # given
    environment = modules["environment"]
    monkeypatch.setattr(environment, "_has", lambda _: False)
    monkeypatch.setattr(environment.os, "geteuid", lambda: 1000)
    # when / then
    with pytest.raises(modules["failures"].SetupError, match="apt install python3"):
        environment.create({})


def fake_python(folder, name, minor):
    """A program that answers as a Python of this version would, and says what it was asked to run."""
    program = folder / name
    program.write_text(f'#!/bin/sh\n[ "$2" = -c ] && echo {minor} && exit 0\necho {name} ran "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)


def start(path, *words, **env):
    return subprocess.run(
        [START, *words], env={"PATH": f"{path}:/usr/bin:/bin"} | env, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3": 12}, "python3"),
        ({"python3": 9, "python3.12": 12}, "python3.12"),
        ({"python3": 13, "python3.11": 11}, "python3.11"),
        ({"python3": 14, "python3.12": 9, "python3.11": 9, "python3.13": 13}, "python3"),
    ],
)
def test_of_several_pythons_one_with_ready_made_wheels_is_taken(tmp_path, pythons, chosen):
    # given: nothing else on PATH counts
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14", "python"):
        fake_python(tmp_path, name, pythons.get(name, 0))
    # when
    ran = start(tmp_path, "run")
    # then
    assert ran.stdout.split()[:2] == [chosen, "ran"]
    assert ran.stdout.split()[-1] == "run"


def test_the_python_that_the_caller_names_is_taken_first(tmp_path):
    # given
    fake_python(tmp_path, "python3", 12)
    fake_python(tmp_path, "mine", 14)
    # when / then
    assert start(tmp_path, "run", PYTHON=str(tmp_path / "mine")).stdout.split()[0] == "mine"


def test_only_older_pythons_are_one_sentence(tmp_path):
    # given
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14", "python"):
        fake_python(tmp_path, name, 9)
    # when
    ran = start(tmp_path, "run")
    # then
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert "Python 3.11 or newer is needed" in ran.stderr
    assert "Python 3.9" in ran.stderr


@pytest.mark.parametrize(("said", "told"), [("npm error code ENOTFOUND", True), ("npm error code EUSAGE", False)])
def test_only_an_index_out_of_reach_leaves_clients_untested(modules, monkeypatch, capsys, tmp_path, *, said, told):
    # given
    def failing(*_args, tool, **_options):
        raise modules["failures"].SetupError(modules["failures"].explain(tool, said))

    node = modules["node"]
    monkeypatch.setattr(node, "run_step", failing)
    monkeypatch.setattr(node, "npm", lambda env: (["npm"], env))
    monkeypatch.setattr(modules["stamps"], "STATE", tmp_path)
    # when
    if told:
        node.ensure_clients({})
    else:
        with pytest.raises(modules["failures"].SetupError):
            node.ensure_clients({})
    # then
    assert ("will be skipped" in capsys.readouterr().out) is told
