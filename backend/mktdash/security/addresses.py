"""Whose address a request comes from, where proxies that are trusted say so and nobody else can."""

import ipaddress
from collections.abc import Mapping, Sequence
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# One household or one virtual machine has a whole IPv6 network of this size to choose addresses from.
_IPV6_PREFIX = 64


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The networks of texts such as ``10.0.0.0/8`` or ``::1``.

    Raises:
        ValueError: a text names none.
    """
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def client_address(peer: str | None, headers: Mapping[str, str], trusted: Sequence[Network]) -> str:
    """The client's address: the peer, or, where the peer is trusted, the last one in X-Forwarded-For that is not.

    What stands left of that was written by somebody nobody trusts. Text that is no address ends the walk.
    """
    if not trusted:
        return _own(peer)
    address = _parsed(peer or "")
    if address is None or not _in(address, trusted):
        return _shown(address)
    for text in reversed(headers.get("x-forwarded-for", "").split(",")):
        claimed = _parsed(text.strip())
        if claimed is None:
            break
        address = claimed
        if not _in(claimed, trusted):
            break
    return _shown(address)


def speaks_tls(scheme: str, peer: str | None, headers: Mapping[str, str], trusted: Sequence[Network]) -> bool:
    """Whether the client itself speaks TLS: to us, or to a proxy that is trusted and says so in X-Forwarded-Proto."""
    if scheme in {"https", "wss"}:
        return True
    address = _parsed(peer or "") if trusted else None
    if address is None or not _in(address, trusted):
        return False
    # What stands left of the last word was written by somebody else.
    return headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower() == "https"


@lru_cache(1024)
def _own(peer: str | None) -> str:
    return _shown(_parsed(peer or ""))


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _in(address: ipaddress.IPv4Address | ipaddress.IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def _shown(address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> str:
    if address is None:
        return "unknown"
    if address.version == 4:  # noqa: PLR2004 - the version of the protocol
        return str(address)
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
