"""What changed, asked over GraphQL: old and new, withdrawn values, page by page."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted
from tests.factories.web.application import resources_over, web_over

START = datetime(2024, 1, 1, tzinfo=UTC)
QUERY = """query ($first: Int!, $after: String, $since: DateTime) {
  revisions(symbol: "AAA", since: $since, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    edges { node { asOf oldValue newValue newFlags supersededAt } }
  }
}"""


@pytest.fixture
async def web(engine):
    for hour, said in enumerate([{1: 1.0, 2: 2.0}, {1: 1.5, 2: 2.0}, {2: 2.25}]):
        await ingest(
            engine,
            scripted({"AAA": said}, START + timedelta(hours=hour)),
            now=datetime(2026, 1, 1, tzinfo=UTC),
            replace_window=True,
        )
    async with web_over(resources_over(engine)) as opened:
        yield opened


async def test_changes_come_newest_first_with_old_and_new_value_and_withdrawals_have_none(web):
    page = (await web.data(QUERY, {"first": 10}))["revisions"]
    changes = [(one["node"]["asOf"], one["node"]["oldValue"], one["node"]["newValue"]) for one in page["edges"]]
    assert changes == [
        ("2020-01-02T00:00:00Z", 1.5, None),
        ("2020-01-03T00:00:00Z", 2.0, 2.25),
        ("2020-01-02T00:00:00Z", 1.0, 1.5),
    ]
    assert [one["node"]["newFlags"] for one in page["edges"]] == [[], ["CORRECTED"], ["CORRECTED"]]


async def test_pages_follow_each_other_and_since_cuts_what_is_older(web):
    first = (await web.data(QUERY, {"first": 2}))["revisions"]
    rest = (await web.data(QUERY, {"first": 2, "after": first["pageInfo"]["endCursor"]}))["revisions"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], len(rest["edges"])) == (3, True, 1)
    since = (await web.data(QUERY, {"first": 9, "since": "2024-01-01T02:00:00Z"}))["revisions"]
    assert since["totalCount"] == 2


async def test_a_cursor_of_another_list_is_refused(web):
    error = await web.error(QUERY, {"first": 2, "after": "bm9uc2Vuc2U"})
    assert error["extensions"]["code"] == "BAD_INPUT"
