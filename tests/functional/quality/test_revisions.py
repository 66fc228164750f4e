"""Files told one after the other, judged as the feed judges them, read over GraphQL: a rewritten past is told."""

from datetime import timedelta

import numpy as np
import pytest
from tests.factories.quality import at
from tests.factories.sources.files import RATES, ingest_table, metrics, table, walks
from tests.factories.sources.ingesting import ingest
from tests.factories.web.application import resources_over, web_over
from tests.functional.ingest.test_vintages import GAS, VIX, vintages

from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.quality.runner import run_quality

FIRST, SECOND, NOW = at("2026-11-19T20:00"), at("2026-11-20T18:00"), at("2026-11-20T20:00")


def half(values):
    return np.round(values * 0.5, 6)


def tenth_up(values):
    changed = values.copy()
    changed[100:500, 0] = np.round(values[100:500, 0] * 1.1, 4)
    return changed


def swapped(values):
    return values[:, [1, 0, 2]]


def turned(values):
    changed = values.copy()
    changed[-20:, 0] = values[-20:, 0][::-1]
    return changed


def later(values):
    changed = values.copy()
    changed[1:, 2] = values[:-1, 2]
    return changed


def upside_down(values):
    changed = values.copy()
    changed[:, 1] = np.round(1 / values[:, 1], 8)
    return changed


def onto_another(values):
    changed = values.copy()
    changed[:-200, 0] = values[:-200, 0] + 0.25
    return np.round(changed, 4)


FAULTS = {
    "halved": (half, "7,752 of 7,752 values restated by a factor of 0.5 in batch 2 of 2026-11-20T18:00:00Z: 3 series"),
    "a tenth up": (tenth_up, "400 of 2,584 values restated by a factor of 1.1 in batch 2"),
    "swapped": (swapped, "2,584 of 2,584 values replaced by those of BBB in batch 2"),
    "turned": (turned, "20 of 2,584 values put in reverse order in batch 2"),
    "later": (later, "2,583 of 2,584 values moved 1 place later in batch 2"),
    "inverse": (upside_down, "2,584 of 2,584 values inverted (1/x) in batch 2"),
    "shift": (onto_another, "2,384 of 2,584 values shifted by 0.25 in batch 2"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_rewritten_past_fails_and_says_what_was_seen(engine, fault):
    change, words = FAULTS[fault]
    days, values = walks()
    await ingest_table(engine, table(days, values), FIRST)
    before = (await metrics(engine, "rates", FIRST))["revisions"]
    await ingest_table(engine, table(days, change(values)), SECOND)

    after = (await metrics(engine, "rates", NOW))["revisions"]

    assert (before["status"], before["summary"]) == ("PASS", "no batch restated known values")
    assert (after["status"], after["summary"][: len(words)]) == ("FAIL", words)


async def test_one_cause_in_all_series_is_one_verdict_and_one_alert(engine):
    days, values = walks()
    await ingest_table(engine, table(days, values), FIRST)
    await ingest_table(engine, table(days, half(values)), SECOND)

    (batch,) = (await metrics(engine, "rates", NOW))["revisions"]["evidence"]["batches"]
    async with web_over(resources_over(engine, clock=lambda: NOW)) as web:
        alerts = await web.data('{ alerts(dataset: "rates", open: true) { edges { node { metric } } } }')

    (group,) = batch["found"]
    assert (group["values"], group["of"], group["series"], group["symbols"]) == (7752, 7752, 3, ["AAA", "BBB", "CCC"])
    assert (group["first"], group["last"]) == (days[0].isoformat(), days[-1].isoformat())
    assert [edge["node"]["metric"] for edge in alerts["alerts"]["edges"]].count("revisions") == 1


async def test_a_correction_of_a_few_values_is_ordinary(engine):
    days, values = walks()
    await ingest_table(engine, table(days, values), FIRST)
    corrected = values.copy()
    corrected[[300, 900, 1500, -1, -2], 0] *= [1.002, 0.999, 1.001, 1.01, 0.99]
    await ingest_table(engine, table(days, np.round(corrected, 4)), SECOND)

    assert (await metrics(engine, "rates", NOW))["revisions"]["status"] == "PASS"


async def test_values_withdrawn_by_the_hundred_are_told(engine):
    days, values = walks(columns=1)
    only = CsvMapping.model_validate(RATES.model_dump() | {"series": {"AAA": "A"}})
    await ingest_table(engine, table(days, values), FIRST, only)
    kept = np.ones(len(days), np.bool_)
    kept[200:500] = False
    left = [day for day, one in zip(days, kept, strict=True) if one]
    await ingest_table(engine, table(left, values[kept]), SECOND, only, replace_window=True)

    said = (await metrics(engine, "rates", NOW))["revisions"]

    assert said["status"] == "FAIL"
    assert said["summary"].startswith("300 of 2,584 values retracted in batch 2")


async def test_a_batch_is_judged_once_and_is_news_for_thirty_days(engine):
    days, values = walks()
    await ingest_table(engine, table(days, values), FIRST)
    await ingest_table(engine, table(days, half(values)), SECOND)
    now = await metrics(engine, "rates", NOW)
    again = await metrics(engine, "rates", NOW + timedelta(hours=1))
    other_code = await metrics(engine, "rates", NOW + timedelta(hours=2), code_sha="def456")
    later_on = await metrics(engine, "rates", NOW + timedelta(days=31))

    assert now["revisions"] == again["revisions"] == other_code["revisions"]
    assert later_on["revisions"]["status"] == "PASS"


async def test_a_late_file_makes_a_revision_of_the_batch_after_it(engine):
    days, values = walks()
    await ingest_table(engine, table(days, half(values)), SECOND)
    calm = (await metrics(engine, "rates", NOW))["revisions"]
    payload = RawPayload("rates", table(days, values), "file:rates.csv", FIRST, FIRST)
    await ingest(engine, payload, CsvProvider(RATES), now=NOW, run_id="late")

    told = (await metrics(engine, "rates", NOW))["revisions"]

    assert (calm["status"], told["status"]) == ("PASS", "FAIL")
    assert told["summary"].startswith("7,752 of 7,752 values restated by a factor of 0.5 in batch 1 ")


@pytest.mark.parametrize(("folder", "mapping"), [("cboe-vix-daily", VIX), ("eia-natural-gas-daily", GAS)])
async def test_of_the_real_vintages_only_the_accident_of_august_2024_is_told(engine, folder, mapping):
    alarmed = {}
    for known_at, body in vintages(folder):
        payload = RawPayload(mapping.dataset, body, "file:vintage.csv", known_at, known_at)
        await ingest(engine, payload, CsvProvider(mapping), run_id="vintages", replace_window=True)
        (run,) = await run_quality(engine, clock=lambda known_at=known_at: known_at, code_sha="test")
        said = next(result for result in run.results if result.metric == "revisions")
        batches = said.evidence["batches"]
        alarmed |= {one["known_at"]: one["found"] for one in batches}

    if mapping is GAS:
        assert alarmed == {}
    else:
        ((known_at, found),) = alarmed.items()
        assert known_at == "2024-08-13T00:42:10Z"
        assert [(one["values"], one["of"], one["what"]) for one in found][-1:] == [(93, 8731, "changed")]
