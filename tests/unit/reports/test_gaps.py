"""A gap in the values is a gap in the line, on paper as on the page."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from mktdash.reports.gaps import gap_ends, unbroken
from mktdash.reports.svg import Line, course_chart, sparkline


def weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


BROKEN = [*weekdays(date(2023, 6, 1), date(2024, 2, 29)), *weekdays(date(2024, 9, 2), date(2025, 2, 3))]


CASES = json.loads((Path(__file__).parents[2] / "golden" / "gaps.json").read_text())


def days_of(case: dict[str, Any]) -> list[date]:
    """Every weekday, or every so many days, of each stretch from its first to its last day."""
    days: list[date] = []
    for first, last in case["stretches"]:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        step = case["every"]
        if step == "weekday":
            days += weekdays(start, end)
        else:
            days += [start + timedelta(days=n) for n in range(0, (end - start).days + 1, step)]
    return days


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_gap_on_paper_is_one_on_the_page(case: dict[str, Any]) -> None:
    assert sorted(day.isoformat() for day in gap_ends(days_of(case))) == case["gap_ends"]


def test_a_thinned_course_breaks_where_the_whole_one_does() -> None:
    kept = [day for day in BROKEN if day != date(2024, 9, 2)][::5]
    stretches = list(unbroken(kept, [1.0] * len(kept), gap_ends(BROKEN)))

    assert [stretch[0][0] >= date(2024, 9, 2) for stretch in stretches] == [False, True]
    assert sum(map(len, stretches)) == len(kept)


def test_charts_lift_the_pen_over_a_gap() -> None:
    values = tuple(float(n % 11) for n in range(len(BROKEN)))
    whole = weekdays(date(2023, 6, 1), date(2025, 2, 3))

    assert course_chart([Line("A", tuple(BROKEN), values)], alt="").count('<polyline class="s0"') == 2
    assert sparkline(BROKEN, values, "up").count("<polyline") == 2
    assert sparkline(whole, [float(n) for n in range(len(whole))], "up").count("<polyline") == 1
