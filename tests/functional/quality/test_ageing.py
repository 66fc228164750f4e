"""A verdict counts for its time and no longer: at every door the same, on both engines, kept answers included."""

from datetime import timedelta

import pytest
from tests.factories.quality import at
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import iso, to_micros
from mktdash.quality.ageing import COUNTS_FOR_S
from mktdash.quality.runner import run_quality
from mktdash.reports.market_summary.parameters import MarketSummaryParameters
from mktdash.reports.market_summary.selection import select_series
from mktdash.reports.snapshot import take_snapshot
from mktdash.store.engine.session import read_transaction
from mktdash.store.live.heartbeats import BeatRow, beat

JUDGED, LATE = at("2026-10-30T20:00"), at("2026-11-03T20:00")
LAST = timedelta(seconds=COUNTS_FOR_S)
DATASETS = """{ datasets { key newestAsOf knownAt quality { status runAt countsUntil freshness { status summary }
  metrics { metric status summary } } } }"""
SERIES = """{ series(symbol: "EURUSD") { dataset { key }
  quality { status countsUntil metrics { metric status summary } } } }"""
WATCHLIST = """{ instruments(first: 3) { edges { node { series { quality qualityCountsUntil
  freshness { status summary } } } } } }"""


class Time:
    """A clock that is put by hand."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time(JUDGED)


@pytest.fixture
async def web(ecb_engine, time):
    async with web_over(resources_over(ecb_engine, clock=time)) as opened:
        yield opened


async def everywhere(web):
    """Each door's statuses of the one dataset, with all that they say beside it."""
    listed = (await web.data(DATASETS))["datasets"][0]["quality"]
    series = (await web.data(SERIES))["series"]
    rows = [one["node"]["series"][0] for one in (await web.data(WATCHLIST))["instruments"]["edges"]]
    health = (await web.client.get("/api/health/data-quality")).json()
    return {
        "datasets": (listed["status"], listed["freshness"]["status"]),
        "series": (
            series["quality"]["status"],
            next(one["status"] for one in series["quality"]["metrics"] if one["metric"] == "freshness"),
        ),
        "watchlist": (rows[0]["quality"], rows[0]["freshness"]["status"]),
        "health": (health["datasets"][0]["status"], health["datasets"][0]["freshness"]["status"]),
    }, [listed["freshness"]["summary"], rows[0]["freshness"]["summary"], health["datasets"][0]["freshness"]["summary"]]


@pytest.mark.parametrize(("judged", "verdict"), [(JUDGED, "PASS"), (LATE, "FAIL")])
async def test_a_verdict_that_nobody_renewed_is_unknown_at_every_door_and_says_since_when(
    web, ecb_engine, time, judged, verdict
):
    time.now = judged
    await run_quality(ecb_engine, clock=time, code_sha="t")
    # asked twice, so that kept answers are asked too
    for _ in range(2):
        found, said = await everywhere(web)
        assert {freshness for _, freshness in found.values()} == {verdict}
        assert "UNKNOWN" not in {status for status, _ in found.values()}
        assert not any("not judged since" in one for one in said)

    time.now = judged + LAST
    found, _ = await everywhere(web)
    assert {freshness for _, freshness in found.values()} == {verdict}
    time.now += timedelta(microseconds=1)
    for _ in range(2):
        found, said = await everywhere(web)
        assert set(sum(found.values(), ())) == {"UNKNOWN"}
        assert all(one.startswith(f"not judged since {iso(to_micros(judged))}; was {verdict}: ") for one in said)

    await run_quality(ecb_engine, clock=time, code_sha="t")
    found, _ = await everywhere(web)
    assert found["datasets"][1] == verdict


async def test_an_answer_says_until_when_its_verdicts_count(web, ecb_engine, time):
    before = (await web.data(DATASETS))["datasets"][0]["quality"]
    await run_quality(ecb_engine, clock=time, code_sha="t")
    until = iso(to_micros(JUDGED + LAST))

    rows = [one["node"]["series"] for one in (await web.data(WATCHLIST))["instruments"]["edges"]]
    assert before["countsUntil"] is None
    assert {one["qualityCountsUntil"] for row in rows for one in row} == {until}
    assert (await web.data(SERIES))["series"]["quality"]["countsUntil"] == until
    assert (await web.data(DATASETS))["datasets"][0]["quality"]["countsUntil"] == until
    health = (await web.client.get("/api/health/data-quality")).json()
    assert health["datasets"][0]["countsUntil"] == until


async def test_a_strict_monitor_is_told_when_nobody_judges_any_more(web, ecb_engine, time):
    await run_quality(ecb_engine, clock=time, code_sha="t")
    good = await web.client.get("/api/health/data-quality?strict=1")
    time.now += LAST + timedelta(seconds=1)
    silent = [await web.client.get(f"/api/health/data-quality?strict={how}") for how in (1, 0)]

    assert good.status_code == 200
    assert [one.status_code for one in silent] == [503, 200]
    assert silent[0].json()["status"] == "UNKNOWN"


async def test_metrics_and_new_reports_do_not_show_an_aged_verdict_as_a_pass(web, ecb_engine, time):
    await run_quality(ecb_engine, clock=time, code_sha="t")
    time.now += LAST + timedelta(seconds=1)

    metrics = (await web.client.get("/metrics")).text
    assert 'mktdash_quality_status{dataset="ecb-reference-rates",metric="freshness"} 2.0' in metrics
    parameters = MarketSummaryParameters(symbols=["EURUSD"])
    async with read_transaction(ecb_engine) as conn:
        selection = await select_series(conn, parameters)
        facts = (await take_snapshot(conn, selection, to_micros(time.now))).facts
    assert {one["status"] for one in facts["datasets"][0]["quality"]} == {"UNKNOWN"}


async def test_a_dataset_says_of_when_its_newest_value_is_beside_when_it_was_learned(web):
    dataset = (await web.data(DATASETS))["datasets"][0]

    # The recorded history ends on Friday 2026-10-30 and was learned long after.
    assert dataset["newestAsOf"].startswith("2026-10-30T")
    assert dataset["knownAt"] != dataset["newestAsOf"]


async def test_the_server_says_when_its_feed_was_last_heard(web, ecb_engine):
    query = "{ serverInfo { now feedHeardAt } }"
    none = (await web.data(query))["serverInfo"]["feedHeardAt"]
    for kind, seconds in (("feed", 40), ("feed", 60), ("worker", 5)):
        heard = to_micros(JUDGED - timedelta(seconds=seconds))
        await beat(ecb_engine, BeatRow(f"{kind}-{seconds}", kind, "h", 1, heard, heard, {}))

    info = (await web.data(query))["serverInfo"]
    assert none is None
    assert info == {"now": iso(to_micros(JUDGED)), "feedHeardAt": iso(to_micros(JUDGED - timedelta(seconds=40)))}


async def test_instruments_are_asked_for_by_name_and_unknown_names_are_left_out(web):
    query = "query($s: [String!]) { instruments(symbols: $s) { totalCount edges { node { symbol } } } }"

    found = (await web.data(query, {"s": ["EURUSD", "NOSUCH", "EURCHF"]}))["instruments"]
    every = (await web.data(query, {"s": None}))["instruments"]
    wrong = [await web.error(query, {"s": names}) for names in ([], [""], ["A"] * 201)]

    assert found == {"totalCount": 2, "edges": [{"node": {"symbol": "EURCHF"}}, {"node": {"symbol": "EURUSD"}}]}
    assert every["totalCount"] > 30
    assert {one["extensions"]["code"] for one in wrong} == {"BAD_INPUT"}
