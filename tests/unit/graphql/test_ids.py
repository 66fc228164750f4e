"""Ids and cursors are opaque, and say when they are not theirs."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktdash.domain.errors import InvalidInputError
from mktdash.graphql.vocabulary.connection import Cursor
from mktdash.graphql.vocabulary.ids import encoded, global_id, key_of, kind_and_key

INSTRUMENTS = Cursor("Instrument", symbol=str)
CHANGES = Cursor("Change", at=int, symbol=str)


@given(st.text(min_size=1, max_size=80))
def test_an_id_gives_its_key_back(key):
    assert key_of("ReportRun", global_id("ReportRun", key)) == key
    assert kind_and_key(global_id("Series", key)) == ("Series", key)


@given(st.text(min_size=1, max_size=80))
def test_a_cursor_gives_its_key_back(key):
    assert INSTRUMENTS.after(INSTRUMENTS.of(SimpleNamespace(symbol=key))) == key


@given(st.integers(-(10**18) + 1, 10**18 - 1), st.text(max_size=80))
def test_a_cursor_of_two_columns_gives_both_back(at, symbol):
    assert CHANGES.after(CHANGES.of(SimpleNamespace(at=at, symbol=symbol))) == (at, symbol)


def test_no_cursor_stands_for_the_beginning():
    assert INSTRUMENTS.after(None) is None


@pytest.mark.parametrize("place", ["", "x", "1", "x:y", "1.5:y", "\u0661:y", f"{10**18}:y"])
def test_a_cursor_of_other_values_is_refused(place):
    with pytest.raises(InvalidInputError):
        CHANGES.after(encoded(f"after-Change:{place}"))


def test_a_plain_run_id_stands_for_itself():
    assert key_of("ReportRun", "0000018f2a3b4c5d6e7f8a9b") == "0000018f2a3b4c5d6e7f8a9b"


@given(st.text(max_size=60))
def test_any_other_text_is_no_cursor(text):
    if not text.startswith("YWZ0ZXIt"):
        with pytest.raises(InvalidInputError):
            INSTRUMENTS.after(text)


def test_a_cursor_of_another_list_is_refused():
    with pytest.raises(InvalidInputError):
        INSTRUMENTS.after(Cursor("ReportRun", id=str).of(SimpleNamespace(id="x")))
