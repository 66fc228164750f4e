"""Ids and cursors are opaque, and say when they are not theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktdash.domain.errors import InvalidInputError
from mktdash.graphql.vocabulary.ids import global_id, key_after, key_of, kind_and_key, page_cursor


@given(st.text(min_size=1, max_size=80))
def test_an_id_gives_its_key_back(key):
    assert key_of("ReportRun", global_id("ReportRun", key)) == key
    assert kind_and_key(global_id("Series", key)) == ("Series", key)


@given(st.text(min_size=1, max_size=80))
def test_a_cursor_gives_its_key_back(key):
    assert key_after("Instrument", page_cursor("Instrument", key)) == key


def test_a_plain_run_id_stands_for_itself():
    assert key_of("ReportRun", "0000018f2a3b4c5d6e7f8a9b") == "0000018f2a3b4c5d6e7f8a9b"


@given(st.text(max_size=60))
def test_any_other_text_is_no_cursor(text):
    if not text.startswith("YWZ0ZXIt"):
        with pytest.raises(InvalidInputError):
            key_after("Instrument", text)


def test_a_cursor_of_another_list_is_refused():
    with pytest.raises(InvalidInputError):
        key_after("Instrument", page_cursor("ReportRun", "x"))
