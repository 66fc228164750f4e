"""Addresses that have used up what strangers get: their unknown tokens are refused without a look into the store."""

import hashlib
import time
from collections.abc import Callable

from mktdash.bounded_dict import BoundedDict
from mktdash.domain.errors import ThrottledError

_MOST_ADDRESSES = 10_000
_MOST_KNOWN = 10_000


class ClosedAddresses:
    """Which addresses are closed for a while, and which tokens and cookies were lately found to be good.

    A good one is looked up all the same, each time; it is only not refused for what others of its address did.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._closed_until: BoundedDict[str, float] = BoundedDict(_MOST_ADDRESSES)
        self._known: BoundedDict[bytes, None] = BoundedDict(_MOST_KNOWN)

    def close(self, address: str, seconds: float) -> None:
        """Look up no unknown token of an address for some seconds."""
        self._closed_until[address] = self._monotonic() + seconds

    def know(self, secret: str) -> None:
        """Note that a header's token or cookie was good; only its hash is kept."""
        self._known[_name(secret)] = None

    def forget(self, secret: str) -> None:
        """Note that it is good no more: what was granted to it as good has ended with it."""
        self._known.pop(_name(secret), None)

    def require_open(self, address: str, secret: str) -> None:
        """Pass a header's token or cookie that may be looked up.

        Raises:
            ThrottledError: its address is closed, and it was not good lately.
        """
        until = self._closed_until.get(address)
        if until is None:
            return
        left = until - self._monotonic()
        if left <= 0:
            del self._closed_until[address]
        elif _name(secret) not in self._known:
            raise ThrottledError("too many requests from this address", retryAfter=round(left, 3))


def _name(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
