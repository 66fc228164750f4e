"""What queries answer on the real ECB history, on both engines."""

import pytest
from sqlalchemy import event
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import iso
from mktdash.store.catalogue.series import series_by_symbol
from mktdash.store.engine.session import read_transaction
from mktdash.store.series.reading import read_columns

WATCHLIST = """query($first: Int!) { instruments(first: $first) { totalCount edges { node { symbol name
  aliases { source symbol }
  series { source dataset unit { name } quality freshness { status } latest { value change flags knownAt }
    recent(last: 20) { asOfMs value } } } } } }"""


@pytest.fixture
async def web(ecb_engine):
    async with web_over(resources_over(ecb_engine)) as opened:
        yield opened


@pytest.fixture
def statements(ecb_engine):
    """The reads that reach the database, as they come; the process's own beats and upkeep are not of the query."""
    seen = []

    def note(_conn, _cursor, statement, *_):
        if statement.startswith("SELECT") and "FROM event" not in statement:
            seen.append(statement)

    event.listen(ecb_engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(ecb_engine.sync_engine, "before_cursor_execute", note)


async def test_a_series_is_answered_as_columns_that_equal_the_store(web, ecb_engine):
    async with read_transaction(ecb_engine) as conn:
        stored = await read_columns(conn, await series_by_symbol(conn, "EURUSD"))

    data = await web.data(
        '{ series(symbol: "EURUSD") { points { asOf asOfMs value open flags count downsampledFrom } } }'
    )

    points = data["series"]["points"]
    assert points["count"] == len(stored) == 7126
    assert points["value"] == stored.value.tolist()
    assert points["asOf"] == [iso(micros) for micros in stored.as_of.tolist()]
    assert points["asOfMs"] == (stored.as_of // 1000).tolist()
    assert points["flags"] == [[]] * len(stored)
    assert points["open"] is None
    assert points["downsampledFrom"] is None


async def test_a_range_includes_both_ends(web):
    data = await web.data(
        """{ series(symbol: "EURUSD", from: "1999-01-05T13:15:00Z", to: "1999-01-07T13:15:00Z")
             { points { asOf value } } }"""
    )

    assert data["series"]["points"]["asOf"] == [f"1999-01-0{day}T13:15:00Z" for day in (5, 6, 7)]


async def test_an_empty_range_has_empty_columns(web):
    data = await web.data(
        """{ series(symbol: "EURUSD", from: "1950-01-01T00:00:00Z", to: "1950-02-01T00:00:00Z", maxPoints: 10)
             { latest { value } points { asOf asOfMs value flags count } } }"""
    )

    assert data["series"]["points"] == {"asOf": [], "asOfMs": [], "value": [], "flags": [], "count": 0}
    assert data["series"]["latest"] is not None


@pytest.mark.parametrize("how", ["LTTB", "MIN_MAX"])
async def test_max_points_thins_out_and_says_from_how_many(web, how):
    data = await web.data(
        'query($how: Downsample!) { series(symbol: "EURJPY", maxPoints: 300, downsample: $how) '
        "{ latest { value } points { asOf value flags count downsampledFrom } } }",
        {"how": how},
    )

    points = data["series"]["points"]
    assert 250 < points["count"] <= 300
    assert points["downsampledFrom"] == 7126
    assert len(points["value"]) == len(points["asOf"]) == len(points["flags"]) == points["count"]
    assert points["value"][-1] == data["series"]["latest"]["value"]


async def test_latest_points_version_and_snapshot_agree(web):
    data = await web.data(
        """{ series(symbol: "EURUSD") { dataVersion snapshotId dataset { version key }
             instrument { symbol name currency } unit { name scale }
             latest { asOf session value previousValue change changePercent }
             quality { flagCounts } points { asOf value } } }"""
    )

    series = data["series"]
    assert series["dataVersion"] == series["dataset"]["version"] == 1
    assert len(series["snapshotId"]) == 64
    assert series["latest"]["asOf"] == series["points"]["asOf"][-1]
    assert series["latest"]["value"] == series["points"]["value"][-1]
    assert series["latest"]["previousValue"] == series["points"]["value"][-2]
    assert series["latest"]["change"] == pytest.approx(series["points"]["value"][-1] - series["points"]["value"][-2])
    assert series["instrument"] == {"symbol": "EURUSD", "name": "Euro / US dollar", "currency": "USD"}
    assert series["quality"]["flagCounts"] == {}


async def test_before_anything_was_known_there_is_nothing(web):
    data = await web.data(
        """{ series(symbol: "EURUSD", asKnownAt: "2001-01-01T00:00:00Z") { latest { value } points { count } } }"""
    )

    assert data["series"] == {"latest": None, "points": {"count": 0}}


async def test_pages_of_instruments_join_without_a_gap(web):
    seen, after = [], None
    while True:
        data = await web.data(
            "query($after: String) { instruments(first: 7, after: $after) { totalCount"
            " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { symbol } } } }",
            {"after": after},
        )
        page = data["instruments"]
        seen += [edge["node"]["symbol"] for edge in page["edges"]]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert len(seen) == len(set(seen)) == page["totalCount"] == 41
    assert seen == sorted(seen)


async def test_a_search_finds_symbols_and_names(web):
    data = await web.data('{ instruments(search: "dollar") { edges { node { name } } } }')

    names = [edge["node"]["name"] for edge in data["instruments"]["edges"]]
    assert "Euro / US dollar" in names
    assert all("dollar" in name.lower() for name in names)


async def test_a_watchlist_takes_the_same_number_of_statements_whatever_its_size(web, statements):
    counts = []
    for first in (1, 10, 41):
        statements.clear()
        await web.data(WATCHLIST, {"first": first})
        counts.append(len(statements))

    assert counts[0] == counts[1] == counts[2] <= 12


async def test_a_series_takes_few_statements(web, statements):
    await web.data('{ series(symbol: "EURUSD") { points { asOf value } } }')

    assert len(statements) <= 7


async def test_nothing_is_read_that_was_not_asked_for(web, statements):
    await web.data('{ series(symbol: "EURUSD") { id source } }')

    assert not any("observation" in statement for statement in statements)


async def test_provenance_leads_to_the_raw_bytes(web):
    data = await web.data(
        """{ provenance(symbol: "EURUSD", asOf: "1999-01-04T13:15:00Z") { value flags knownAt supersededAt
             batch { runId source dataset contract new rejected raw { sha256 bytes downloadUrl } } } }"""
    )

    batch = data["provenance"]["batch"]
    assert data["provenance"]["value"] == 1.1789
    assert batch["new"] == 221_702
    download = await web.client.get(batch["raw"]["downloadUrl"])
    assert download.status_code == 200
    assert len(download.content) == batch["raw"]["bytes"]
    assert download.headers["content-disposition"].startswith("attachment")


async def test_datasets_tell_their_size_and_their_quality(web):
    data = await web.data(
        """{ datasets { key title source version seriesCount observationCount simulated knownAt
             quality { status runAt freshness { status } missing(first: 3) { symbol reason detail } } } }"""
    )

    [dataset] = data["datasets"]
    assert dataset["key"] == "ecb-reference-rates"
    assert (dataset["seriesCount"], dataset["observationCount"]) == (41, 221_702)
    # no check has run on this store: not knowing is no pass
    assert dataset["quality"]["status"] == "UNKNOWN"


async def test_an_answer_is_of_one_instant_even_when_its_parts_are_many(web):
    data = await web.data(
        """{ a: series(symbol: "EURUSD") { snapshotId dataVersion } b: series(symbol: "EURUSD") { snapshotId }
             serverInfo { cursor epoch database contracts } }"""
    )

    assert data["a"]["snapshotId"] == data["b"]["snapshotId"]
    assert data["serverInfo"]["cursor"].startswith(data["serverInfo"]["epoch"] + ":")


async def test_introspection_answers(web):
    data = await web.data("{ __schema { queryType { name } types { name } } }")

    assert "SeriesPoints" in {kind["name"] for kind in data["__schema"]["types"]}
