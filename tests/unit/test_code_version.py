"""Which code is running, also where git cannot say."""

import pytest

from mktdash.code_version import code_sha

WHAT_GIT_DOES = {
    "fails": "exit 128",
    "hangs": "exec sleep 600",
}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with a package in it, and a git of which the test says what it answers."""
    package = tmp_path / "backend" / "mktdash"
    package.mkdir(parents=True)
    (package / "one.py").write_text("one = 1\n")
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    code_sha.cache_clear()
    return package


def git_that(checkout, *, status):
    git = checkout.parents[1] / "git"
    git.write_text(f'#!/bin/sh\ncase "$3" in\nrev-parse) echo abc123 ;;\nstatus) {status} ;;\nesac\n')
    git.chmod(0o755)


@pytest.mark.parametrize(("status", "sha"), [("true", "abc123"), ("echo ' M one.py'", "abc123-dirty")])
def test_the_commit_is_named_and_marked_where_the_package_differs_from_it(checkout, status, sha):
    git_that(checkout, status=status)

    assert code_sha(checkout, 600) == sha


@pytest.mark.parametrize("status", WHAT_GIT_DOES.values(), ids=WHAT_GIT_DOES)
def test_a_commit_is_not_claimed_where_git_cannot_say_whether_the_package_differs(checkout, status):
    git_that(checkout, status=status)

    sha = code_sha(checkout, 0.5)
    code_sha.cache_clear()
    (checkout / "one.py").write_text("one = 2\n")

    assert sha.startswith("src-")
    assert code_sha(checkout, 0.5) != sha
