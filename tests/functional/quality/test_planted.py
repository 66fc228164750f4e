"""Faults planted in files, told to a store and read over GraphQL: each is found; files without are quiet."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tests.factories.quality import at
from tests.factories.sources.files import RATES, ingest_table, metrics, table, walks

from mktdash.domain.calendar import sessions
from mktdash.providers.csv.mapping import CsvMapping

TOLD, NOW = at("2026-11-19T18:00"), at("2026-11-19T20:00")
CHECKED = ("copies", "repeats", "order", "hours", "nulls", "history", "revisions", "jumps", "bars", "duplicates")
BARS = CsvMapping(
    dataset="bars",
    date="Date",
    symbol="BAR",
    value="Close",
    open="Open",
    high="High",
    low="Low",
    calendar="TARGET",
    timezone="Europe/Berlin",
    fixing_time="14:15",
    unit="USD",
)
NEW_YORK = ZoneInfo("America/New_York")


def troubles(found):
    return {
        name: found[name]["status"] for name in CHECKED if name in found and found[name]["status"] in ("WARN", "FAIL")
    }


async def judged(engine, body, mapping=RATES):
    await ingest_table(engine, body, TOLD, mapping)
    return await metrics(engine, mapping.dataset, NOW)


async def test_the_files_without_a_fault_are_quiet(engine):
    days, values = walks()
    assert troubles(await judged(engine, table(days, values))) == {}
    assert troubles(await judged(engine, bars(days, values[:, 0]), BARS)) == {}


async def test_a_column_copied_into_another_is_named_with_both(engine):
    days, values = walks()
    values[:, 0] = values[:, 1]

    found = await judged(engine, table(days, values))

    assert troubles(found) == {"copies": "FAIL"}
    assert found["copies"]["summary"].startswith("AAA and BBB are equal for ")


async def test_every_second_value_repeated_is_told_lately_and_in_history(engine):
    days, values = walks()
    values[-20::2, 2] = values[-19::2, 2]
    values[301:341:2, 0] = values[300:340:2, 0]

    found = await judged(engine, table(days, values))

    assert {"repeats", "history"} <= troubles(found).keys()
    assert found["repeats"]["summary"] == f"every second value repeats the one before it: CCC, {days[-1]}"
    (odd,) = found["history"]["evidence"]["series"]
    assert (odd["symbol"], odd["counts"]) == ("AAA", {"paired": 40})
    assert odd["points"][-1]["at"] == str(days[339])


async def test_one_empty_cell_is_the_first_in_a_year(engine):
    days, values = walks()
    values[-6, 1] = np.nan

    found = await judged(engine, table(days, values))

    assert troubles(found) == {"nulls": "WARN"}
    assert found["nulls"]["summary"] == f"empty values: BBB, {days[-6]}"


async def test_a_column_that_is_often_empty_is_no_news(engine):
    days, values = walks()
    values[50::40, 1] = np.nan

    assert troubles(await judged(engine, table(days, values))) == {}


async def test_bars_in_reverse_order_are_told_without_any_earlier_file(engine):
    days, values = walks()
    lines = bars(days, values[:, 0]).split(b"\n")
    dates = [line.split(b",", 1)[0] for line in lines[-20:]]
    rest = [line.split(b",", 1)[1] for line in lines[-20:]][::-1]
    turned = b"\n".join(lines[:-20] + [b",".join(pair) for pair in zip(dates, rest, strict=True)])

    found = await judged(engine, turned, BARS)

    assert found["order"]["status"] == "FAIL"
    assert found["order"]["summary"].startswith("bars in reverse order: BAR")


def bars(days, close):
    rng = np.random.default_rng(3)
    open_ = np.round(np.concatenate([close[:1], close[:-1]]) * (1 + rng.normal(0, 0.001, len(close))), 4)
    high = np.round(np.maximum(open_, close) * 1.004, 4)
    low = np.round(np.minimum(open_, close) * 0.996, 4)
    rows = zip(days, open_, high, low, close, strict=True)
    return "\n".join(["Date,Open,High,Low,Close", *(",".join(map(str, row)) for row in rows)]).encode()


def hourly(calendar):
    """Hours of the last 40 sessions: seven a day in New York, or all 24."""
    times = []
    for day in sessions(calendar, TOLD.date() - timedelta(days=60), TOLD.date() - timedelta(days=1))[-40:]:
        zone, hours = (NEW_YORK, range(10, 17)) if calendar == "XNYS" else (UTC, range(24))
        times += [datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC) for hour in hours]
    return times


def told_hourly(calendar, times):
    mapping = CsvMapping(
        dataset="hours",
        date="Time",
        date_formats=("ISO-TIME",),
        symbol="HHH",
        value="Value",
        interval="1h",
        calendar=calendar,
        timezone="America/New_York" if calendar == "XNYS" else "UTC",
        fixing_time="16:00" if calendar == "XNYS" else "00:00",
        unit="USD",
    )
    values = 50 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.004, len(times))))
    lines = [f"{when.isoformat()},{one:.4f}" for when, one in zip(times, values, strict=True)]
    return "\n".join(["Time,Value", *lines]).encode(), mapping


@pytest.mark.parametrize("calendar", ["XNYS", "24/7"])
async def test_three_hours_missing_in_a_session_are_named(engine, calendar):
    times = hourly(calendar)
    body, mapping = told_hourly(calendar, times)
    calm = await judged(engine, body, mapping)
    day = times[-1].date() - timedelta(days=2)
    gone = [when for when in times if when.date() == day][3:6]
    other, mapping = told_hourly(calendar, [when for when in times if when not in gone])
    mapping = mapping.model_copy(update={"dataset": "gaps", "symbol": "GGG"})

    found = await judged(engine, other, mapping)

    assert calm["hours"]["status"] == "PASS"
    assert found["hours"]["status"] == "WARN"
    (odd,) = found["hours"]["evidence"]["series"]
    assert [point["at"] for point in odd["points"]] == [when.isoformat().replace("+00:00", "Z") for when in gone]


async def test_an_early_close_of_the_exchange_is_no_gap(engine):
    now = at("2025-12-08T23:00")
    times = []
    for day in sessions("XNYS", now.date() - timedelta(days=60), now.date())[-40:]:
        last = 13 if day.isoformat() == "2025-11-28" else 16
        times += [
            datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK).astimezone(UTC)
            for hour in range(10, last + 1)
        ]
    body, mapping = told_hourly("XNYS", times)
    await ingest_table(engine, body, now, mapping)

    assert (await metrics(engine, mapping.dataset, now))["hours"]["status"] == "PASS"
