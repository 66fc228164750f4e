"""Freshness counts sessions late: no alarm on a holiday, no silence when something broke."""

from datetime import date, timedelta

import pytest
from tests.factories.quality import DATASET, at, columns, context, fixings, series_row

from mktdash.domain.clock import to_micros
from mktdash.domain.observation import Columns
from mktdash.quality.base import CheckResult, Status
from mktdash.quality.checks.arrival.freshness import Freshness
from mktdash.store.catalogue.endings import Ending

SIM = DATASET._replace(calendar="24/7", timezone="UTC", fixing_time="00:00", publish_delay_s=0, grace_s=10)


def judged(now: str, last: str, **changes: object) -> CheckResult:
    data = {1: columns(fixings("2026-01-02", last))}
    return Freshness().judge(context(now, data, dataset=DATASET._replace(**changes)))  # type: ignore[arg-type]


def test_a_feed_that_has_the_last_due_session_passes() -> None:
    result = judged("2026-11-20T17:30", "2026-11-20")

    assert (result.status, result.value) == (Status.PASS, 0)
    assert result.summary == "up to date: newest is 2026-11-20"


def test_one_session_late_warns_and_two_fail() -> None:
    assert judged("2026-11-20T17:30", "2026-11-19").status is Status.WARN
    assert judged("2026-11-20T17:30", "2026-11-18").status is Status.FAIL


def test_a_session_is_late_from_the_very_instant_on_at_which_it_is_due() -> None:
    # Fixed at 13:15 UTC, published after 1:45 h at the latest, and then two hours of grace.
    assert judged("2026-11-20T16:59:59.999999", "2026-11-19").value == 0
    assert (judged("2026-11-20T17:00", "2026-11-19").value, judged("2026-11-20T17:00", "2026-11-20").value) == (1, 0)


def test_the_verdict_says_in_one_sentence_how_late_it_is() -> None:
    result = judged("2026-11-23T06:42", "2026-10-30")

    assert result.summary == "15 sessions late: newest is 2026-10-30, expected 2026-11-20"
    assert (result.value, result.warn, result.fail, result.unit) == (15, 1, 2, "sessions late")
    assert judged("2026-11-20T17:30", "2026-11-19").summary.startswith("1 session late: ")


@pytest.mark.parametrize("hours", range(0, 24 * 12, 5))
def test_no_hour_of_christmas_and_new_year_raises_an_alarm_on_a_perfect_feed(hours: int) -> None:
    now = at("2025-12-23T12:00") + timedelta(hours=hours)
    made = context(now.isoformat(), {})
    published = [as_of for as_of in fixings("2025-12-01", "2026-01-06") if as_of + 6300 * 10**6 <= made.window_end]
    data = {1: columns(published)}

    result = Freshness().judge(context(now.isoformat(), data))

    assert result.status is Status.PASS


def test_the_newest_quoted_series_speaks_for_the_dataset_and_the_others_are_named() -> None:
    data = {
        1: columns(fixings("2026-01-02", "2026-11-20")),
        2: columns(fixings("2026-01-02", "2026-11-18")),
        3: columns(fixings("2022-01-03", "2022-12-30")),
    }

    result = Freshness().judge(context("2026-11-20T17:30", data, ceased=[3]))

    assert result.status is Status.PASS
    assert result.evidence["behind"] == {"SERIES2": "2026-11-18"}
    assert result.evidence["no_longer_quoted"] == {"SERIES3": "2022-12-30"}


@pytest.mark.parametrize(
    "broken", [{"calendar": ""}, {"calendar": "NO_SUCH_MARKET"}, {"timezone": "Nowhere"}, {"fixing_time": "soon"}]
)
def test_a_schedule_that_can_not_answer_gives_unknown(broken: dict[str, str]) -> None:
    data = {1: columns([to_micros(at("2026-11-20T13:15"))])}

    result = Freshness().judge(context("2026-11-20T17:30", data, dataset=DATASET._replace(**broken)))  # type: ignore[arg-type]

    assert result.status is Status.UNKNOWN
    assert result.summary.startswith("no schedule: ")


def test_a_calendar_that_has_ended_gives_unknown() -> None:
    data = {1: columns([to_micros(at("2041-01-02T13:15"))])}

    assert Freshness().judge(context("2041-01-05T17:30", data)).status is Status.UNKNOWN


def test_an_empty_dataset_is_unknown() -> None:
    assert Freshness().judge(context("2026-11-20T17:30", {1: Columns.empty()})).status is Status.UNKNOWN


def test_ten_years_without_news_are_counted() -> None:
    data = {1: columns(fixings("2016-01-04", "2016-11-18"))}
    result = Freshness().judge(context("2026-11-20T17:30", data))

    assert result.value == len(fixings("2016-11-21", "2026-11-20")) == 2560
    assert len(result.evidence["late"]) == 20


@pytest.mark.parametrize(
    ("age_s", "status", "late"),
    [(12, "PASS", 0), (60, "PASS", 10), (72, "WARN", 12), (309, "WARN", 59), (310, "FAIL", 60)],
)
def test_ticks_are_counted_in_intervals_with_bounds_of_a_minute_and_five(age_s: int, status: str, late: int) -> None:
    now = at("2026-11-20T17:30")
    last = to_micros(now - timedelta(seconds=age_s))
    data = {1: columns([last - 5 * 10**6, last])}

    result = Freshness().judge(context("2026-11-20T17:30", data, dataset=SIM, series=[series_row(interval="5s")]))

    assert (result.status, result.value, result.warn, result.fail) == (Status(status), late, 12, 60)
    assert result.unit == "intervals late"


def test_all_have_ended_only_when_somebody_said_so_of_each() -> None:
    data = {1: columns(fixings("2022-01-03", "2022-12-30")), 2: columns(fixings("2022-01-03", "2022-12-30"))}
    ends = {one: Ending(one, f"SERIES{one}", date(2022, 12, 30), "merged", "somebody", 0) for one in (1, 2)}

    some = Freshness().judge(context("2026-11-20T17:30", data, ceased=[1, 2], ended={1: ends[1]}))
    every = Freshness().judge(context("2026-11-20T17:30", data, ceased=[1, 2], ended=ends))

    assert some.status is Status.UNKNOWN
    assert (every.status, every.summary) == (Status.PASS, "all series have ended, the last on 2022-12-30")
