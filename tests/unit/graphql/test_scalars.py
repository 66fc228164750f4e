"""Columns go out whole and instants come in exact."""

import numpy as np
import orjson
import pytest

from mktdash.domain.flags import Flag
from mktdash.graphql.vocabulary.json import encode
from mktdash.graphql.vocabulary.scalars import flag_lists, floats, instants, millis, parse_instant

MICROS = np.array([0, 1_700_000_000_000_000, 1_700_000_000_123_456], np.int64)


def test_instants_are_rfc_3339_in_utc_with_a_fraction_only_where_there_is_one():
    assert orjson.loads(encode(instants(MICROS))) == [
        "1970-01-01T00:00:00Z",
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:20.123456Z",
    ]


def test_milliseconds_are_whole_numbers():
    assert orjson.loads(encode(millis(MICROS))) == [0, 1_700_000_000_000, 1_700_000_000_123]


def test_what_is_not_a_number_is_null():
    assert encode(floats(np.array([1.5, np.nan, np.inf]))) == b"[1.5,null,null]"


def test_a_part_of_a_column_is_sent_as_well_as_a_whole_one():
    assert encode(floats(np.arange(6.0)[::2])) == b"[0.0,2.0,4.0]"
    assert len(orjson.loads(encode(instants(MICROS[::2])))) == 2


@pytest.mark.parametrize(
    ("masks", "said"),
    [
        ([], []),
        ([0, 0], [[], []]),
        ([Flag.SIMULATED, 0], [["SIMULATED"], []]),
        ([Flag.ESTIMATED | Flag.LATE] * 2, [["ESTIMATED", "LATE"]] * 2),
    ],
)
def test_flags_are_lists_of_names(masks, said):
    assert orjson.loads(encode(flag_lists(np.array(masks, np.int64)))) == said


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01t00:00:00.000001z", 1),
        ("1969-12-31T23:59:59Z", -1_000_000),
    ],
)
def test_an_instant_is_read_exactly(text, micros):
    assert parse_instant(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-02-30T00:00:00Z",
        "2024-01-01T25:00:00Z",
        "now",
        "",
        5,
        None,
        "٢٠٢٤-01-01T00:00:00Z",
    ],
)
def test_text_that_names_no_instant_is_refused(text):
    with pytest.raises(ValueError, match=r"RFC 3339|does not exist"):
        parse_instant(text)
