"""Numbers and dates as people read them."""

from datetime import date

import pytest

from mktdash.reports.summary import ChangeKind
from mktdash.reports.text import change_text, day_text, instant_text, tone, value_text


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (0.86543, "rate", "0.86543"),
        (1.1172, "rate", "1.1172"),
        (11.685, "rate", "11.685"),
        (171.32, "rate", "171.32"),
        (19123.456, "rate", "19,123.46"),
        (4.1, "yield", "4.10"),
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
