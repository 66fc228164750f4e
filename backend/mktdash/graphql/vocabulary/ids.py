"""Opaque names of things and of places in lists. Clients keep them; only this module reads them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from functools import lru_cache

import strawberry

from mktdash.domain.errors import InvalidInputError

_LONGEST = 512
# A number with more digits is no row's id in either engine.
_MOST_DIGITS = 18


def global_id(kind: str, key: object) -> strawberry.ID:
    """The id of a thing of a kind, unique over all kinds."""
    return strawberry.ID(_encoded(f"{kind}:{key}"))


def key_of(kind: str, text: str) -> str:
    """The key within an id of a kind; text that is not such an id stands for the key itself, as in a URL or a log."""
    decoded = _decoded(text)
    return decoded.removeprefix(f"{kind}:") if decoded and decoded.startswith(f"{kind}:") else text


def kind_and_key(text: str) -> tuple[str, str] | None:
    """The kind and the key of an id; None where it is not one."""
    decoded = _decoded(text)
    if not decoded or ":" not in decoded:
        return None
    kind, _, key = decoded.partition(":")
    return kind, key


def number_of(key: str) -> int | None:
    """The row's number that a key is; None where it is none."""
    return int(key) if key.isascii() and key.isdigit() and len(key) <= _MOST_DIGITS else None


def page_cursor(kind: str, key: str) -> str:
    """The place after an item in a list of a kind."""
    return _encoded(f"after-{kind}:{key}")


def key_after(kind: str, cursor: str | None) -> str | None:
    """The key a cursor points after; None for the beginning.

    Raises:
        InvalidInputError: the text is not a cursor of such a list.
    """
    if cursor is None:
        return None
    decoded, prefix = _decoded(cursor), f"after-{kind}:"
    if decoded is None or not decoded.startswith(prefix):
        raise InvalidInputError("after is not a cursor of this list", argument="after")
    return decoded.removeprefix(prefix)


@lru_cache(8192)
def _encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(text: str) -> str | None:
    if len(text) > _LONGEST:
        return None
    try:
        return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode()
    except (BadBase64, ValueError):
        return None
