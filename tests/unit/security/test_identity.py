"""What counts as this machine, and as the same origin."""

import pytest

from mktdash.security.authentication import Request, cookie_name, is_local, same_origin, session_cookie


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_loopback_by_address_and_by_name_is_local(peer, host):
    assert is_local(Request({"host": host}, peer))


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.1", {"host": "localhost"}),
        ("127.0.0.1", {"host": "dash.example"}),
        ("127.0.0.1", {"host": "127.0.0.1.example"}),
        ("127.0.0.1", {"host": "evil.localhost"}),
        ("127.0.0.1", {"host": "localhost."}),
        ("127.0.0.1", {"host": "evil@localhost"}),
        ("127.0.0.1", {"host": "[::1%25lo]"}),
        ("127.0.0.1", {"host": "[fe80::1%lo]:80"}),
        ("127.0.0.1", {"host": ""}),
        ("127.0.0.1", {}),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "10.0.0.1"}),
        ("127.0.0.1", {"host": "[::1"}),
        (None, {"host": "localhost"}),
        ("not an address", {"host": "localhost"}),
    ],
)
def test_anything_else_is_not(peer, headers):
    assert not is_local(Request(headers, peer))


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"host": "a:1", "origin": "http://a:1"}, True),
        ({"host": "a", "origin": "https://a"}, True),
        ({"host": "a:443", "origin": "https://a"}, True),
        ({"host": "a"}, True),
        ({"host": "a", "sec-fetch-site": "cross-site"}, False),
        ({"host": "a", "origin": "http://b"}, False),
        ({"host": "a:1", "origin": "http://a:2"}, False),
        ({"host": "a", "origin": "null"}, False),
        ({"host": "a", "origin": "http://a:notaport"}, False),
    ],
)
def test_an_origin_is_the_same_by_name_and_port(headers, same):
    assert same_origin(headers) is same


def test_two_servers_on_one_machine_have_cookies_of_their_own():
    assert cookie_name({"host": "localhost:8000"}) != cookie_name({"host": "localhost:8001"})


@pytest.mark.parametrize("cookie", ["", "other=1", ";;;", "mktdash_session_8000", "\x00=\x01"])
def test_a_cookie_header_without_a_session_gives_none(cookie):
    assert session_cookie({"host": "localhost:8000", "cookie": cookie}) is None


def test_a_session_is_read_from_among_other_cookies():
    assert session_cookie({"host": "localhost:8000", "cookie": "a=b; mktdash_session_8000=xyz; c=d"}) == "xyz"
