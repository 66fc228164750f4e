"""Weights of what is accepted, and the encoding that follows from them."""

import pytest

from mktdash.content_negotiation import best_encoding, weight


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("", "identity"), ("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("GZIP ; Q=0.5", "gzip"),
        ("gzip, deflate, br, zstd", "br"), ("zstd, br, gzip", "br"), ("zstd, gzip", "gzip"),
        ("zstd, gzip;q=0.9", "zstd"),
        ("gzip, br;q=0.9", "gzip"), ("*", "gzip"), ("*;q=0", "identity"), ("gzip;q=0, *", "identity"),
        ("br;q=0.5, *", "gzip"), ("identity", "identity"), ("identity, gzip;q=0.5", "identity"),
        ("gzip, identity", "gzip"),
        ("br;q=0", "identity"), ("br;q=zzz, gzip;q=1e999", "gzip"), ("br;q=nan", "identity"), ("br;q=-1", "identity"),
        ("\xff, br;q=zzz", "identity"), ("gzip;q=1, br;q=1.0", "br"), ("zstd;q=1, br;q=0, gzip;q=0", "zstd"),
    ],
)  # fmt: skip
def test_the_encoding_wanted_most_is_used_and_zstd_only_where_it_is_wanted_more(accepted, used):
    assert best_encoding(accepted) == used


def test_only_what_is_offered_is_used():
    assert best_encoding("br, gzip;q=0.5", ("gzip",)) == "gzip"
    assert best_encoding("br", ()) == "identity"


@pytest.mark.parametrize(("parameters", "given"), [([], 1.0), (["a=b", "q=0.5"], 0.5), (["q=2"], 1.0), (["q="], 0.0)])
def test_a_weight_is_between_none_and_all(parameters, given):
    assert weight(parameters) == given
