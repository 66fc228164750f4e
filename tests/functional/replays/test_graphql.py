"""Replays over GraphQL: an operator starts one, everybody who may read sees how far it is."""

from datetime import UTC, datetime

import pytest
from tests.chaos.test_replay import DATASETS, tell_files
from tests.factories.jobs.runner import runner_over
from tests.factories.web.application import resources_over, web_over

NOW = datetime(2026, 1, 3, tzinfo=UTC)
START = """mutation($window: String!, $source: String) { startReplay(window: $window, source: $source) { __typename
  ... on ReplayRun { id runId state progress since source requestedBy } ... on UnknownSource { name known } } }"""
PROGRESS = """query($id: ID!) { replayRun(id: $id) { state progress attempts error { code }
  datasets { dataset batches new revised retracted snapshotBefore snapshotAfter } }
  replayRuns(first: 5) { runId state } }"""


@pytest.fixture
async def web(engine):
    await tell_files(engine, 3)
    async with web_over(resources_over(engine, clock=lambda: NOW)) as opened:
        yield opened


async def start(web, role="operator", **variables):
    token = await web.token(role)
    body = await web.ask(START, {"window": "3d", "source": None} | variables, authorization=f"Bearer {token}")
    assert "data" in body, body
    return body["data"] and body["data"]["startReplay"], body.get("errors")


async def test_an_operator_starts_a_replay_whose_progress_is_seen(web):
    asked, _ = await start(web, source="csv")
    assert (asked["state"], asked["progress"], asked["since"]) == ("QUEUED", 0.0, "2025-12-31T00:00:00Z")
    assert asked["requestedBy"] == "test operator"
    engine = web.resources.engine
    await runner_over(engine, clock=lambda: NOW).run(asked["runId"], 0)
    for given in (asked["id"], asked["runId"]):
        data = (await web.ask(PROGRESS, {"id": given}))["data"]
        assert (data["replayRun"]["state"], data["replayRun"]["progress"]) == ("SUCCEEDED", 1.0)
        done = data["replayRun"]["datasets"]
        assert [(one["dataset"], one["batches"], one["new"]) for one in done] == [(name, 3, 0) for name in DATASETS]
        assert data["replayRuns"] == [{"runId": asked["runId"], "state": "SUCCEEDED"}]
    async with engine.connect() as conn:
        audit = (await conn.exec_driver_sql("SELECT principal, action, target FROM audit_event")).all()
    assert ("test operator", "startReplay", f"replay run {asked['runId']}") in [tuple(row) for row in audit]


@pytest.mark.parametrize("role", ["viewer", "analyst"])
async def test_a_smaller_role_starts_none(web, role):
    _, errors = await start(web, role)
    assert errors[0]["extensions"]["code"] == "FORBIDDEN"


async def test_an_unknown_source_is_an_answer_and_an_absurd_window_an_error(web):
    asked, _ = await start(web, source="nobody")
    assert asked == {"__typename": "UnknownSource", "name": "nobody", "known": ["csv"]}
    _, errors = await start(web, window="soon")
    assert errors[0]["extensions"]["code"] == "BAD_INPUT"
