"""A gap in the values is a gap in the line, on paper as on the page."""

from datetime import date, timedelta

from mktdash.reports.gaps import gap_ends, unbroken
from mktdash.reports.svg import Line, course_chart, sparkline


def weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


BROKEN = [*weekdays(date(2023, 6, 1), date(2024, 2, 29)), *weekdays(date(2024, 9, 2), date(2025, 2, 3))]


def test_weekends_are_no_gaps_and_half_a_year_is_one() -> None:
    assert gap_ends(weekdays(date(2023, 6, 1), date(2025, 2, 3))) == frozenset()
    assert gap_ends(BROKEN) == {date(2024, 9, 2)}
    assert gap_ends([date(2024, 1, 1), date(2025, 1, 1)]) == frozenset()


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
