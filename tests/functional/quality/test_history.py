"""A whole history is judged when it is imported, once, with the dates of what is wrong in it."""

from datetime import date, timedelta

import numpy as np
import pytest
from tests.factories.quality import at
from tests.factories.sources.files import RATES, ingest_table, metrics, table, walks
from tests.functional.quality.test_planted import BARS, bars

from mktdash.providers.csv.mapping import CsvMapping
from mktdash.quality.checks.consistency.history import History
from mktdash.quality.checks.consistency.revisions import Revisions
from mktdash.quality.history import full_history
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import read_transaction

TOLD, NOW = at("2026-11-19T18:00"), at("2026-11-19T20:00")
ECB = "ecb-reference-rates"


def spike(days, values):
    values[1000, 0] *= 100
    return days[1000], "1 value far from both its neighbours: AAA"


def halved_once(days, values):
    values[700, 2] *= 0.5
    return days[700], "1 value far from both its neighbours: CCC"


def other_unit(days, values):
    values[:1500, 1] *= 100
    return days[1500], "1 level shift, as by another unit: BBB"


@pytest.mark.parametrize("plant", [spike, halved_once, other_unit])
async def test_a_fault_deep_in_a_history_is_found_with_its_date(engine, plant):
    days, values = walks()
    day, words = plant(days, values)
    await ingest_table(engine, table(days, np.round(values, 4)), TOLD)

    said = (await metrics(engine, "rates", NOW))["history"]

    assert said["status"] == ("FAIL" if plant is other_unit else "WARN")
    assert said["summary"] == f"{words}, such as {words[-3:]} at {day}"
    (odd,) = said["evidence"]["series"]
    assert [point["at"] for point in odd["points"]] == [str(day)]


async def test_a_weekend_row_is_found_on_a_calendar_with_weekends_too(engine):
    days, values = walks(columns=1)
    sunday = date(2020, 3, 1)
    place = next(n for n, day in enumerate(days) if day > sunday)
    rows = [*days[:place], sunday, *days[place:]]
    body = table(rows, np.insert(values, place, values[place], axis=0))
    for key, calendar in (("rates", "TARGET"), ("always", "24/7")):
        changes = {"series": {f"X{key}": "A"}, "dataset": key, "calendar": calendar}
        await ingest_table(engine, body, TOLD, CsvMapping.model_validate(RATES.model_dump() | changes))

        said = (await metrics(engine, key, NOW))["history"]

        assert (said["status"], said["summary"]) == ("WARN", f"1 weekend row: X{key}, such as X{key} at 2020-03-01")


async def test_an_impossible_bar_and_a_copied_one_are_found_with_their_dates(engine):
    days, values = walks()
    lines = bars(days, values[:, 0]).split(b"\n")
    cells = lines[401].split(b",")
    cells[2] = b"0.1"
    lines[401] = b",".join(cells)
    lines[901] = lines[901].split(b",", 1)[0] + b"," + lines[900].split(b",", 1)[1]
    await ingest_table(engine, b"\n".join(lines), TOLD, BARS)

    found = await metrics(engine, "bars", NOW)

    (odd,) = found["history"]["evidence"]["series"]
    assert odd["counts"] == {"bar": 1, "copy": 1}
    assert [(point["at"], point["what"]) for point in odd["points"]] == [
        (str(days[400]), "impossible bar"),
        (str(days[900]), "copied bar"),
    ]
    assert found["bars"]["status"] == "PASS"


@pytest.fixture
def looked_at(monkeypatch):
    seen = []
    measure = History.measure

    def counted(self, context, subject):
        seen.append(subject.series.symbol)
        return measure(self, context, subject)

    monkeypatch.setattr(History, "measure", counted)
    return seen


async def test_a_history_is_judged_once_and_again_only_where_it_changes(engine, looked_at):
    days, values = walks()
    await ingest_table(engine, table(days, values), TOLD)
    first = await metrics(engine, "rates", NOW)
    assert sorted(looked_at) == ["AAA", "BBB", "CCC"]

    looked_at.clear()
    next_day = NOW + timedelta(days=1)
    newer = np.vstack([values, values[-1] * 1.001])
    await ingest_table(engine, table([*days, date(2026, 11, 20)], np.round(newer, 4)), next_day)
    same = await metrics(engine, "rates", next_day)
    assert looked_at == []
    assert same["history"] == first["history"]

    values[1200, 1] *= 3
    await ingest_table(engine, table(days, np.round(values, 4)), next_day + timedelta(hours=1))
    async with read_transaction(engine) as conn:
        touched = [one.id for one in await series_of_dataset(conn, "rates") if one.symbol == "BBB"]
    changed = await metrics(engine, "rates", next_day + timedelta(hours=1), series_ids=touched)
    assert looked_at == ["BBB"]
    assert changed["history"]["summary"] == f"1 value far from both its neighbours: BBB, such as BBB at {days[1200]}"


async def test_the_real_history_of_the_ecb_has_nothing_odd(ecb_engine, looked_at):
    now = at("2026-10-30T20:00")
    found = await metrics(ecb_engine, ECB, now)
    looked = len(looked_at)
    await metrics(ecb_engine, ECB, now + timedelta(minutes=5))

    assert found["history"]["status"] == "PASS"
    assert found["history"]["summary"] == "no anomalies in the history of 41 series"
    assert looked == len(looked_at) == 41
    assert {name: found[name]["status"] for name in ("copies", "repeats", "revisions")} == {
        "copies": "PASS",
        "repeats": "PASS",
        "revisions": "PASS",
    }


async def test_hours_and_minutes_are_judged_whole_too_a_day_at_a_time(engine, looked_at, monkeypatch):
    begin = int(at("2024-01-01T00:00").timestamp())
    value = np.round(100 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.002, 24 * 700))), 4)
    value[12_000] *= 100
    lines = [f"{begin + 3600 * n},{one:.10g}" for n, one in enumerate(value.tolist())]
    hours = CsvMapping(
        dataset="hours", date="T", date_formats=("UNIX",), symbol="HHH", value="V", interval="1h", unit="USD"
    )
    await ingest_table(engine, "\n".join(["T,V", *lines]).encode(), TOLD, hours)
    monkeypatch.setattr(full_history, "_SPANS", 1)

    first = await metrics(engine, "hours", NOW)
    second = await metrics(engine, "hours", NOW + timedelta(minutes=5))
    spans = len(looked_at)
    await metrics(engine, "hours", NOW + timedelta(minutes=10))
    await metrics(engine, "hours", NOW + timedelta(days=1))

    assert first["history"]["status"] == "PASS"
    assert (
        second["history"]["summary"] == "1 value far from both its neighbours: HHH, such as HHH at 2025-05-15T00:00:00Z"
    )
    assert second["history"]["evidence"]["series"][0]["observations"] > 16_000
    assert spans == len(looked_at) == 2


@pytest.mark.parametrize("broken", ["history", "revisions"])
async def test_a_check_of_the_past_that_breaks_silences_itself_alone(sqlite_engine, monkeypatch, broken):
    def fails(*_):
        raise ZeroDivisionError("no such thing")

    monkeypatch.setattr(History if broken == "history" else Revisions, "measure", fails)
    days, values = walks()
    await ingest_table(sqlite_engine, table(days, values), TOLD - timedelta(hours=1))
    await ingest_table(sqlite_engine, table(days, np.round(values * 2, 4)), TOLD)

    found = await metrics(sqlite_engine, "rates", NOW)

    assert (found[broken]["status"], found[broken]["summary"]) == ("UNKNOWN", "the check failed: ZeroDivisionError")
    assert found["freshness"]["status"] == "PASS"
