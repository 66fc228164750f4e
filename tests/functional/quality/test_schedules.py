"""Schedules that people have: weekly, monthly, quarterly, annual and irregular files, and what has ended."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.factories.sources.ingesting import ingest
from tests.factories.web.application import resources_over, web_over
from typer.testing import CliRunner

from mktdash.cli.main import app
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.quality.runner import run_quality

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def verdicts_of(engine, days, *, now=NOW, symbols=("RIG.COUNT",), **mapping):
    """A file of values for these days, told and judged; gives the dataset's verdicts by metric."""
    fields = {"dataset": "counts", "date": "Date", "symbol_column": "Symbol", "value": "Value", "calendar": "24/7"}
    fields |= mapping
    provider = CsvProvider(CsvMapping.model_validate(fields))
    rows = "".join(f"{day},{symbol},{100 + n % 7}\n" for n, day in enumerate(days) for symbol in symbols)
    body = f"Date,Symbol,Value\n{rows}".encode()
    payload = RawPayload("counts", body, "file:counts.csv", now, now)
    await ingest(engine, payload, provider)
    return await judged(engine, now)


async def judged(engine, now=NOW):
    [run] = await run_quality(engine, clock=lambda: now, code_sha="abc123", datasets=["counts"])
    return {result.metric: result for result in run.results}


def weeks(last, count=60, step=7):
    return [last - n * step * DAY for n in reversed(range(count))]


def months(last_year, last_month, count, step):
    first = last_year * 12 + last_month - 1 - (count - 1) * step
    return [date((first + n * step) // 12, (first + n * step) % 12 + 1, 1) for n in range(count)]


REGULAR = {
    "weekly, on Fridays": (weeks(date(2026, 11, 20)), "1w"),
    "weekly, the newest a Wednesday": (weeks(date(2026, 11, 18)), "1w"),
    "monthly": (months(2026, 9, 40, 1), "1M"),
    "quarterly": (months(2026, 4, 40, 3), "3M"),
    "annual": (months(2025, 1, 20, 12), "1y"),
}


@pytest.mark.parametrize("calendar", ["24/7", "SIFMA_US"])
@pytest.mark.parametrize("which", REGULAR)
async def test_a_source_that_is_on_time_by_its_own_interval_passes(engine, which, calendar):
    days, interval = REGULAR[which]
    verdicts = await verdicts_of(engine, days, interval=interval, calendar=calendar)

    assert verdicts["freshness"].status == "PASS", verdicts["freshness"].summary
    assert verdicts["completeness30"].status == "PASS", verdicts["completeness30"].summary
    assert verdicts["completeness30"].value == 1.0


@pytest.mark.parametrize("which", REGULAR)
async def test_one_that_stops_is_late_by_its_periods(engine, which):
    days, interval = REGULAR[which]
    verdicts = await verdicts_of(engine, days[:-3], interval=interval)

    assert verdicts["freshness"].status == "FAIL"
    assert verdicts["freshness"].unit == "periods late"
    assert verdicts["freshness"].value >= 2


async def test_a_missing_week_is_named(engine):
    days = weeks(date(2026, 11, 20))
    days.remove(date(2026, 10, 16))
    verdicts = await verdicts_of(engine, days, interval="1w")

    assert [one["session"] for one in verdicts["completeness30"].evidence["missing"]] == ["2026-10-16"]


async def test_a_declared_weekday_counts_and_not_the_newest_values_own(engine):
    days = weeks(date(2026, 11, 20))
    # Published a day early before a holiday.
    days[-1] -= DAY
    verdicts = await verdicts_of(engine, days, interval="1w", calendar="WEEKLY-FRI")

    assert verdicts["freshness"].status == "PASS"
    assert verdicts["completeness30"].value == 1.0


IRREGULAR_DAYS = [date(2026, 1, 5) + timedelta(days=n) for n in (0, 20, 45, 90, 100, 130, 170, 215, 260)]


@pytest.mark.parametrize(("days_later", "status"), [(10, "PASS"), (67, "PASS"), (80, "WARN"), (140, "FAIL")])
async def test_an_irregular_source_is_judged_by_its_own_past_gaps_and_said_to_be(engine, days_later, status):
    # The longest gap is 45 days.
    now = datetime.combine(IRREGULAR_DAYS[-1], datetime.min.time(), UTC) + timedelta(days=days_later)
    verdicts = await verdicts_of(engine, IRREGULAR_DAYS, now=now, calendar="IRREGULAR")

    freshness = verdicts["freshness"]
    assert freshness.status == status, freshness.summary
    assert "irregular: newest is" in freshness.summary
    assert "45 d" in freshness.summary
    assert verdicts["completeness30"].status != "FAIL"


async def test_a_file_whose_mapping_says_no_calendar_is_irregular(engine):
    weekdays = [day for n in range(90) if (day := date(2026, 8, 24) + n * DAY).weekday() < 5]
    verdicts = await verdicts_of(engine, weekdays, calendar=CsvMapping.model_fields["calendar"].default)

    assert verdicts["freshness"].status == "PASS"
    assert "irregular" in verdicts["freshness"].summary


async def test_an_interval_that_no_calendar_places_is_irregular(engine):
    days = [date(2026, 11, 20) - n * 14 * DAY for n in reversed(range(20))]
    verdicts = await verdicts_of(engine, days, interval="2w")

    assert verdicts["freshness"].status == "PASS"
    assert "irregular" in verdicts["freshness"].summary


async def test_too_few_values_to_know_a_pace_by_are_no_alarm(engine):
    verdicts = await verdicts_of(engine, IRREGULAR_DAYS[:3], calendar="IRREGULAR")
    async with web_over(resources_over(engine, clock=lambda: NOW)) as web:
        status = (await web.data('{ dataset(key: "counts") { quality { status } } }'))["dataset"]["quality"]["status"]

    assert verdicts["freshness"].status == "UNKNOWN"
    assert "fewer than 6 values" in verdicts["freshness"].summary
    assert status in {"PASS", "UNKNOWN"}


SAY = """mutation($on: String!, $symbol: String, $reason: String!) {
  endDataset(dataset: "counts", on: $on, symbol: $symbol, reason: $reason) {
    key ended { symbol on reason recordedBy } } }"""
TAKE_BACK = 'mutation { reopenDataset(dataset: "counts") { ended { on } } }'


async def test_a_dataset_that_an_operator_says_has_ended_passes_until_values_come_again(engine):
    days = [date(2026, 6, 1) + n * DAY for n in range(60)]
    before = await verdicts_of(engine, days)
    async with web_over(resources_over(engine, clock=lambda: NOW)) as web:
        refused = await web.ask(SAY, {"on": "2026-07-30", "reason": "no longer published"})
        token = await web.token("operator")
        said = await web.ask(
            SAY, {"on": "2026-07-30", "reason": "no longer published"}, authorization=f"Bearer {token}"
        )
    ended = await judged(engine)
    later = await verdicts_of(engine, [date(2026, 11, 23)])

    assert before["freshness"].status == "FAIL"
    assert before["freshness"].evidence["ended_proposed"] == {"on": "2026-07-30"}
    assert "mktdash quality end counts --on 2026-07-30" in before["freshness"].summary
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert said["data"]["endDataset"]["ended"] == [
        {"symbol": None, "on": "2026-07-30", "reason": "no longer published", "recordedBy": "test operator"}
    ]
    assert (ended["freshness"].status, ended["freshness"].summary) == (
        "PASS",
        "ended on 2026-07-30: no longer published",
    )
    assert ended["completeness30"].status == ended["completeness"].status == "PASS"
    assert later["freshness"].status != "PASS"


async def test_what_was_said_to_have_ended_can_be_taken_back(engine):
    await verdicts_of(engine, [date(2026, 6, 1) + n * DAY for n in range(60)])
    async with web_over(resources_over(engine, clock=lambda: NOW)) as web:
        headers = {"authorization": f"Bearer {await web.token('operator')}"}
        nothing = await web.ask(TAKE_BACK, **headers)
        await web.ask(SAY, {"on": "2026-07-30", "reason": "a mistake"}, **headers)
        back = await web.ask(TAKE_BACK, **headers)

    assert nothing["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert back["data"]["reopenDataset"]["ended"] == []
    assert (await judged(engine))["freshness"].status == "FAIL"


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"on": "2026-12-01", "reason": "soon"}, "BAD_INPUT"),
        ({"on": "30.7.2026", "reason": "x"}, "BAD_INPUT"),
        ({"on": "2026-07-30", "reason": "  "}, "BAD_INPUT"),
        ({"on": "2026-07-30", "reason": "x", "symbol": "NOPE"}, "UNKNOWN_SYMBOL"),
    ],
)
async def test_an_end_that_makes_no_sense_is_refused(engine, variables, code):
    await verdicts_of(engine, [date(2026, 6, 1)])
    async with web_over(resources_over(engine, clock=lambda: NOW)) as web:
        token = await web.token("operator")
        answer = await web.ask(SAY, variables, authorization=f"Bearer {token}")

    assert answer["errors"][0]["extensions"]["code"] == code


async def test_one_series_that_has_ended_is_missed_no_more_and_the_others_are(engine):
    days = [date(2026, 10, 1) + n * DAY for n in range(55)]
    await verdicts_of(engine, days, symbols=("GOES.ON",))
    await verdicts_of(engine, days[:30], symbols=("STOPPED",))
    before = await judged(engine)
    async with web_over(resources_over(engine, clock=lambda: NOW)) as web:
        token = await web.token("operator")
        await web.ask(
            SAY, {"on": "2026-10-30", "reason": "merged", "symbol": "STOPPED"}, authorization=f"Bearer {token}"
        )
    after = await judged(engine)

    assert before["completeness30"].status == "FAIL"
    assert after["completeness30"].status == "PASS", after["completeness30"].summary
    assert after["freshness"].evidence["ended"] == {"STOPPED": "2026-10-30: merged"}


def test_the_command_line_ends_reopens_and_lists(tmp_path, monkeypatch):
    monkeypatch.setenv("MKTDASH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    (tmp_path / "m.json").write_text(
        json.dumps(
            {"dataset": "counts", "date": "Date", "symbol_column": "Symbol", "value": "Value", "calendar": "24/7"}
        )
    )
    rows = "".join(f"2026-{month:02d}-{day:02d},A,{day}\n" for month in (5, 6) for day in range(1, 31))
    (tmp_path / "f.csv").write_text(f"Date,Symbol,Value\n{rows}")

    def run(*words):
        return CliRunner().invoke(app, words)

    assert run("db", "upgrade").exit_code == 0
    done = run("ingest", "csv", "--file", str(tmp_path / "f.csv"), "--mapping", str(tmp_path / "m.json"))
    assert done.exit_code == 0, done.output
    assert run("quality", "--dataset", "counts").exit_code == 1
    proposed = json.loads(run("quality", "ended", "--json").stdout)
    said = run("quality", "end", "counts", "--on", "2026-06-30", "--reason", "the survey was closed")
    judged_again = run("quality", "--stored", "--dataset", "counts")
    listed = run("quality", "ended")
    reopened = run("quality", "reopen", "counts")

    assert [(one["dataset"], one["on"], one["confirmed"]) for one in proposed] == [("counts", "2026-06-30", False)]
    assert said.stdout == "counts ended on 2026-06-30: the survey was closed\n"
    assert "ended on 2026-06-30: the survey was closed" in judged_again.stdout
    assert "the survey was closed" in listed.stdout
    assert reopened.exit_code == 0
    assert json.loads(run("quality", "ended", "--json").stdout)[0]["confirmed"] is False
