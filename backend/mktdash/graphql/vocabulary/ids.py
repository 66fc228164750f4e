"""Opaque names of things and of places in lists. Clients keep them; only this module reads them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from functools import lru_cache

import strawberry

_LONGEST = 512
# A number with more digits is no row's id in either engine.
_MOST_DIGITS = 18


def global_id(kind: str, key: object) -> strawberry.ID:
    """The id of a thing of a kind, unique over all kinds."""
    return strawberry.ID(encoded(f"{kind}:{key}"))


def key_of(kind: str, text: str) -> str:
    """The key within an id of a kind; text that is not such an id stands for the key itself, as in a URL or a log."""
    found = decoded(text)
    return found.removeprefix(f"{kind}:") if found and found.startswith(f"{kind}:") else text


def kind_and_key(text: str) -> tuple[str, str] | None:
    """The kind and the key of an id; None where it is not one."""
    found = decoded(text)
    if not found or ":" not in found:
        return None
    kind, _, key = found.partition(":")
    return kind, key


def number_of(key: str) -> int | None:
    """The row's number that a key is; None where it is none."""
    return int(key) if key.isascii() and key.isdigit() and len(key) <= _MOST_DIGITS else None


@lru_cache(8192)
def encoded(text: str) -> str:
    """A text that shows nothing of what is in it."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(text: str) -> str | None:
    """What such a text was made of; None where it was not."""
    if len(text) > _LONGEST:
        return None
    try:
        return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode()
    except (BadBase64, ValueError):
        return None
