"""Charts are well-formed, say what they show, and never draw outside themselves."""

import re
from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktdash.reports.svg import Bar, Line, bar_chart, course_chart, nice_ticks, sparkline, spread, thin, time_ticks

DAYS = tuple(date(2026, 8, 3) + timedelta(days=n) for n in range(80))


def drawn(text):
    root = ET.fromstring(text)  # noqa: S314 - our own drawing
    _, _, width, height = map(float, root.get("viewBox").split())
    for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
    return root


def test_a_course_chart_names_its_lines_and_what_it_shows():
    lines = [Line("A <&> B", DAYS, tuple(float(n) for n in range(80))), Line("C", DAYS, (0.0,) * 80)]
    root = drawn(course_chart(lines, alt='Change of "A" & C'))
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A <&> B", "C"} <= set(texts)
    assert root.get("aria-label") == 'Change of "A" & C'


def test_charts_carry_no_script_no_style_and_no_link():
    chart = course_chart([Line("<script>", DAYS, tuple(map(float, range(80))))], alt="x")
    assert not re.search(r"<script|<style|href|style=|on\w+=", chart)


@given(
    st.lists(
        st.tuples(
            st.text(max_size=8).filter(str.isprintable),
            st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=80),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_courses_stay_inside_their_chart(courses):
    lines = [Line(label, DAYS[: len(values)], tuple(values)) for label, values in courses]
    drawn(course_chart(lines, alt="any"))


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=12))
def test_any_bars_stay_inside_their_chart(values):
    root = drawn(bar_chart([Bar("X", value, "v") for value in values], alt="any"))
    width = float(root.get("width"))
    for bar in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(bar.get("x")) >= 0
        assert float(bar.get("x")) + float(bar.get("width")) <= width


def test_a_single_value_has_no_course():
    assert sparkline(DAYS[:1], (1.0,), "up") == ""
    drawn(sparkline(DAYS[:2], (1.0, 1.0), "flat"))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_and_enclose_the_values(low, span):
    ticks = nice_ticks(low, low + span)
    assert 2 <= len(ticks) <= 9
    # A value may stand out by less than a hair's breadth of a step.
    hair = (ticks[1] - ticks[0]) * 1e-6
    assert ticks[0] <= low + hair
    assert ticks[-1] >= low + span - hair


@pytest.mark.parametrize("days", [1, 2, 9, 30, 90, 400, 3000, 12000])
def test_time_marks_lie_in_the_period_and_are_few(days):
    first = date(1999, 1, 4)
    ticks = time_ticks(first, first + timedelta(days=days))
    assert 1 <= len(ticks) <= 11
    assert all(first <= day <= first + timedelta(days=days) for day, _ in ticks)


def test_labels_that_would_overlap_are_moved_apart():
    placed = spread([50.0, 51.0, 52.0, 99.0], 10.0, 0.0, 100.0)
    ordered = sorted(placed)
    assert all(b - a >= 10.0 - 1e-9 for a, b in pairwise(ordered))
    assert max(placed) <= 100.0


def test_thinning_keeps_ends_and_extremes():
    days = tuple(date(1999, 1, 1) + timedelta(days=n) for n in range(5000))
    values = [float(n % 7) for n in range(5000)]
    values[1234], values[4321] = 99.0, -99.0
    kept_days, kept = thin(days, tuple(values))
    assert len(kept) <= 402
    assert (kept_days[0], kept_days[-1], max(kept), min(kept)) == (days[0], days[-1], 99.0, -99.0)
