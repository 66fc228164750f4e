"""Identifiers and currencies, by their shape."""

import pytest

from mktdash.domain.currency import CURRENCIES, MINOR_UNITS, scale_of
from mktdash.domain.identifiers import is_figi, is_mic, symbol_fault


@pytest.mark.parametrize("figi", ["BBG000BLNNH6", "BBG000B9XRY4", "BBG000BPH459"])
def test_a_figi_ends_with_the_digit_that_checks_it(figi):
    assert is_figi(figi)
    assert not any(is_figi(figi[:11] + str(digit)) for digit in range(10) if str(digit) != figi[11])


@pytest.mark.parametrize("figi", ["", "BBG000BLNNH", "BBA000BLNNH6", "GBG000BLNNH6", "BBG000BLNNH66", "bbg000blnnh6"])
def test_what_has_not_the_shape_of_a_figi_is_none(figi):
    assert not is_figi(figi)


def test_symbols_and_market_identifiers_have_their_shapes():
    assert not any(
        symbol_fault(text) for text in ("EURUSD", "BRK.B", "^GSPC", "BTC-USD", "SIM.ALPHA", "EURUSD=X", "BF B")
    )
    assert not any(symbol_fault(text) for text in ("ÉKER", "株", "M&M.NS", "$SPX", ".INX", "RDS.A*", "BTC/USD", "กข้อ"))
    assert all(symbol_fault(text) for text in ("", " ", " A", "A  B", "--", "A" * 65, "A\n", "A,B", "E\u0301KER"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('A"B', "alphabet"),
        ("A\u202eB", "'\\u202e'"),
        ("A" * 65, "65 characters"),
        ("A ", "blank"),
        ("..", "neither"),
        ("=A()", "formula"),
    ],
)
def test_what_can_be_no_symbol_says_why(text, said):
    assert said in symbol_fault(text)
    assert is_mic("XNYS")
    assert not any(is_mic(text) for text in ("xnys", "XNY", "XNYSE"))


def test_a_penny_is_a_hundredth_of_a_pound_and_no_currency():
    assert (scale_of("GBX"), scale_of("GBP"), scale_of("percent")) == (0.01, 1.0, 1.0)
    assert all(base in CURRENCIES and unit not in CURRENCIES for unit, (base, _) in MINOR_UNITS.items())
