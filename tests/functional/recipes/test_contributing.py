"""The recipes of CONTRIBUTING.md, each followed to the letter in a copy of the repository.

A recipe names its new files (their text is in ``examples``), shows the lines it adds to others, and says what to run.
Here the files are made, the lines are added, and all is run; afterwards nothing else may have changed.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.factories.node import find_node

ROOT = Path(__file__).parents[3]
EXAMPLES = Path(__file__).parent / "examples"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
RECIPES = {
    "A provider": "provider",
    "A check": "check",
    "A stored field": "field",
    "A report template": "report_template",
    "A panel of a page": "panel",
}
COPIED = ("backend", "frontend", "schema", "tests", "ops", "pyproject.toml", "README.md")
MADE = {"__pycache__", "node_modules", "dist", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
LEFT_OUT = shutil.ignore_patterns("examples", *MADE - {"__pycache__"})
BIN = Path(sys.executable).parent
PACKAGES = ROOT / "frontend" / "node_modules"


@dataclass(frozen=True)
class Recipe:
    """What CONTRIBUTING.md says under one heading: files by path (``new``, ``lines`` or ``made``), diffs, commands."""

    files: dict[str, str]
    diffs: tuple[str, ...]
    commands: tuple[str, ...]

    def of_kind(self, *kinds):
        return {path for path, kind in self.files.items() if kind in kinds}


def recipe(heading):
    text = re.split(r"^#+ ", CONTRIBUTING.read_text(encoding="utf-8"), flags=re.MULTILINE)
    [section] = [part for part in text if part.partition("\n")[0] == heading]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return Recipe(
        dict(re.findall(r"^\| `([^`]+)` \| (new|lines|made)\b", section, re.MULTILINE)),
        tuple(body for language, body in blocks if language == "diff"),
        tuple(line for language, body in blocks if language == "sh" for line in body.splitlines()),
    )


def files_in(folder):
    """The hash of each file below a folder, by its path; what Python and the linters keep for themselves left out."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not MADE & set(path.parts)
    }


def apply(copy, diff):
    """Make the change that a diff shows, finding its place by the lines around; its first line names the file."""
    name, *lines = diff.splitlines()
    path = copy / name.removeprefix("+++ ")
    text, at = path.read_text(encoding="utf-8").splitlines(), 0
    for line in lines:
        if line.startswith("+"):
            text.insert(at, line[1:])
            at += 1
        else:
            assert text.count(line[1:]) == 1, f"{name}: {line[1:]!r} is there {text.count(line[1:])} times"
            at = text.index(line[1:])
            if line.startswith("-"):
                del text[at]
            else:
                at += 1
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path.relative_to(copy).as_posix()


def run(folder, *words, **env):
    done = subprocess.run(words, cwd=folder, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(map(str, words))}\n{done.stdout}{done.stderr}"


@dataclass
class Followed:
    """A copy of the repository after all recipes: what each has changed, and the tests it has named."""

    copy: Path
    node: str | None
    changed: dict[str, set[str]] = field(default_factory=dict)
    tests: list[str] = field(default_factory=list)
    page_tests: list[str] = field(default_factory=list)

    def python(self, *words):
        run(self.copy, *words, PYTHONPATH=str(self.copy / "backend"))

    def page(self, *words):
        run(self.copy / "frontend", self.node, *words)

    def follow(self, command):
        """Run a command that makes files; the tests that are named and the checks run at the end, once for all."""
        match shlex.split(command, comments=True):
            case ["make", "test", target]:
                self.tests.append(target.removeprefix("T="))
            case ["make", "check"]:
                pass
            case [program, *words] if program.startswith(".venv/bin/"):
                self.python(BIN / program.removeprefix(".venv/bin/"), *words)
            case ["./ops/setup/start", "npm", "test", "--", target]:
                self.page_tests.append(target)
            case ["./ops/setup/start", "npm", "run", "generate"]:
                self.page("scripts/generate.ts")
            case other:
                pytest.fail(f"no recipe may say {other}: teach this test to follow it")


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """All recipes, one after the other, each as CONTRIBUTING.md has it."""
    copy = tmp_path_factory.mktemp("followed")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=LEFT_OUT)
        else:
            shutil.copy2(source, copy)
    (copy / "frontend" / "node_modules").symlink_to(PACKAGES)
    made = Followed(copy, find_node() if PACKAGES.is_dir() else None)
    before = files_in(copy)
    for heading, folder in RECIPES.items():
        if folder == "panel" and made.node is None:
            continue
        said = recipe(heading)
        assert set(files_in(EXAMPLES / folder)) == said.of_kind("new"), heading
        shutil.copytree(EXAMPLES / folder, copy, dirs_exist_ok=True)
        assert {apply(copy, diff) for diff in said.diffs} == said.of_kind("lines"), heading
        for command in said.commands:
            made.follow(command)
        after = files_in(copy)
        touched = {path for path in before.keys() | after.keys() if after.get(path) != before.get(path)}
        made.changed[heading] = {re.sub(r"(?<=/versions/)\d{4}(?=_)", "NNNN", path) for path in touched}
        before = after
    return made


@pytest.fixture
def page(followed):
    """The copy, where its page can be tested."""
    if followed.node is None:
        pytest.skip("NO PANEL ADDED TO THE PAGE: there is no Node 22.18 or newer, or frontend/node_modules is missing")
    return followed


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_changes_the_files_it_names_and_no_other(followed, heading, request):
    if RECIPES[heading] == "panel":
        request.getfixturevalue("page")
    assert followed.changed[heading] == set(recipe(heading).files)


def test_what_was_added_works(followed):
    followed.python(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *followed.tests)


def test_what_was_added_passes_the_checks(followed):
    followed.python(BIN / "ruff", "check", "--no-cache", "-q", "backend", "tests")
    followed.python(BIN / "ruff", "format", "--no-cache", "--check", "-q", "backend", "tests")
    followed.python(BIN / "lint-imports", "--no-cache")
    followed.python(BIN / "mktdash", "schema", "check")


def test_what_was_added_to_the_page_works_and_passes_its_checks(page):
    page.page(PACKAGES / "vitest" / "vitest.mjs", "run", *page.page_tests)
    page.page("scripts/generate.ts", "--check")
    page.page(PACKAGES / "@biomejs" / "biome" / "bin" / "biome", "check", ".")
    page.page(PACKAGES / "typescript" / "bin" / "tsc", "--noEmit")


def test_every_recipe_is_followed():
    text = CONTRIBUTING.read_text(encoding="utf-8")
    chapter = re.search(r"^## The five recipes\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^### (.*)", chapter[1], re.MULTILINE) == list(RECIPES)
