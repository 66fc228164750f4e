"""An address can't be made up by whoever sends the request."""

import pytest

from mktdash.security.addresses import client_address, networks

TRUSTED = networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (None, "1.2.3.4", "unknown"),
        ("a unix socket", "1.2.3.4", "unknown"),
    ],
)
def test_only_trusted_proxies_are_believed(peer, forwarded, address):
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}

    assert client_address(peer, headers, TRUSTED) == address


def test_nobody_is_trusted_by_default():
    assert client_address("127.0.0.1", {"x-forwarded-for": "1.2.3.4"}, ()) == "127.0.0.1"
