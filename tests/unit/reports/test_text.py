"""Numbers and dates as people read them."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mktdash.reports.text import ChangeKind, change_text, day_text, instant_text, number_text, tone, value_text


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (0.86543, "rate", "0.86543"),
        (1.1172, "rate", "1.1172"),
        (11.685, "rate", "11.685"),
        (171.32, "rate", "171.32"),
        (19123.456, "rate", "19,123.46"),
        (4.1, "yield", "4.10"),
        (0.004, "yield", "0.004"),
        (0.0125, "index", "0.0125"),
        (-0.3, "yield", "\N{MINUS SIGN}0.30"),
        (6500.123, "index", "6,500.12"),
        (None, "rate", "\N{EN DASH}"),
    ],
)
def test_values_have_the_digits_their_kind_is_quoted_with(value, measure, text):
    assert value_text(value, measure) == text


@pytest.mark.parametrize(
    ("change", "kind", "text", "colour"),
    [
        (1.254, ChangeKind.PERCENT, "+1.25\xa0%", "up"),
        (-12.4, ChangeKind.BASIS_POINTS, "\N{MINUS SIGN}12\xa0bp", "down"),
        (-0.001, ChangeKind.PERCENT, "0.00\xa0%", "flat"),
        (None, ChangeKind.PERCENT, "\N{EN DASH}", "flat"),
    ],
)
def test_changes_carry_their_sign_unit_and_colour(change, kind, text, colour):
    assert (change_text(change, kind), tone(change)) == (text, colour)


def test_dates_do_not_depend_on_the_locale():
    assert day_text(date(2026, 5, 1)) == "1\xa0May\xa02026"
    assert instant_text(1_793_376_300_000_000).endswith("UTC")
    assert (day_text(None), instant_text(None)) == ("\N{EN DASH}", "\N{EN DASH}")


CASES = json.loads((Path(__file__).parents[2] / "golden" / "numbers.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_a_figure_is_written_as_on_the_page(case: dict[str, Any]) -> None:
    assert number_text(case["value"], case["decimals"]) == case["text"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00042346, "0.00042346"),
        (4.08e-11, "4.08e\N{MINUS SIGN}11"),
        (4.0002e13, "4.0002e13"),
        (-0.00042346, "\N{MINUS SIGN}0.00042346"),
    ],
)
def test_a_small_price_keeps_its_digits(value: float, text: str) -> None:
    assert value_text(value, "price") == text


def test_nothing_that_is_not_zero_is_shown_as_zero() -> None:
    for exponent in range(-300, 300, 7):
        for measure in ("price", "rate", "yield", "index"):
            assert re.search("[1-9]", value_text(3 * 10.0**exponent, measure).split("e")[0])
