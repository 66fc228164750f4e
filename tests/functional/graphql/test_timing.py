"""Time is told per operation, per resolver and per answer, and a slow query leaves its document's id in the log."""

import logging

import pytest
from tests.factories.web.application import resources_over, web_over

from mktdash.graphql.planner import timing

QUERY = "{ instruments(first: 1) { edges { node { series { quality } } } } }"


@pytest.fixture
async def web(sqlite_engine):
    async with web_over(resources_over(sqlite_engine)) as opened:
        yield opened


async def test_operations_and_resolvers_are_in_the_metrics(web):
    await web.post(QUERY)

    told = (await web.client.get("/metrics")).text

    assert 'mktdash_operation_seconds_count{field="instruments"}' in told
    assert 'mktdash_resolver_seconds_count{field="Query.instruments"}' in told


async def test_answers_say_how_they_came_about(web):
    made, kept = await web.post(QUERY), await web.post(QUERY)

    assert made.headers["server-timing"].startswith('answer;desc="made";dur=')
    assert kept.headers["server-timing"] == 'answer;desc="kept"'


async def test_a_slow_query_is_logged_by_its_document(web, monkeypatch, caplog):
    monkeypatch.setattr(timing, "SLOW_SECONDS", -1.0)

    with caplog.at_level(logging.WARNING, logger="mktdash.graphql.planner.timing"):
        answer = await web.post(QUERY)

    (line,) = [record.getMessage() for record in caplog.records if record.name == "mktdash.graphql.planner.timing"]
    assert timing.document_id(QUERY) in line
    assert answer.headers["x-request-id"] in line
