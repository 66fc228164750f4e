"""``mktdash report`` from a shell: what it prints, and when it fails."""

import asyncio
import json

import pytest
from tests.factories.stores.urls import upgrade_url
from typer.testing import CliRunner

from mktdash.cli.main import app
from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.reports.catalogue import UnknownTemplateError
from mktdash.reports.parameters import InvalidParametersError


@pytest.fixture
def mktdash(tmp_path, monkeypatch):
    """The command on an empty store, without a Redis: a request needs none."""
    monkeypatch.setenv("MKTDASH_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    asyncio.run(upgrade_url(f"sqlite+aiosqlite:///{tmp_path / 'mktdash.db'}"))

    def run(*words):
        return CliRunner().invoke(app, ["report", *words])

    return run


def test_a_request_is_queued_and_shown_and_listed(mktdash):
    asked = mktdash("request", "--parameters", '{"days": 30}', "--idempotency-key", "k", "--json")
    assert asked.exit_code == 0
    run = json.loads(asked.stdout)
    assert (run["state"], run["parameters"], run["artifacts"]) == ("queued", {"days": 30}, [])
    again = json.loads(mktdash("request", "--parameters", '{"days": 30}', "--idempotency-key", "k", "--json").stdout)
    assert again["id"] == run["id"]
    assert run["id"] in mktdash("show", run["id"]).stdout
    listed = json.loads(mktdash("list", "--json").stdout)
    assert ([one["id"] for one in listed["runs"]], listed["total"]) == ([run["id"]], 1)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("request", "nope"), UnknownTemplateError),
        (("request", "--parameters", '{"days": 1}'), InvalidParametersError),
        (("request", "--parameters", "{days}"), InvalidInputError),
        (("request", "--parameters", "[]"), InvalidInputError),
        (("show", "none"), NotFoundError),
        (("verify", "none"), NotFoundError),
    ],
)
def test_what_makes_no_sense_fails_with_an_error_of_ours(mktdash, words, error):
    result = mktdash(*words)
    assert result.exit_code != 0
    assert isinstance(result.exception, error)
