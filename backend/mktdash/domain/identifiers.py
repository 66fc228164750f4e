"""Identifiers checked for shape: symbols, market identifiers (ISO 10383), FIGIs with their check digit."""

import re

_SYMBOL = re.compile(r"[A-Za-z0-9^][A-Za-z0-9._:/=^-]{0,63}")
_MIC = re.compile(r"[A-Z0-9]{4}")
_FIGI = re.compile(r"(?!BS|BM|GG|GB|GH|KY|VG)[B-DF-HJ-NP-TV-Z0-9]{2}G[B-DF-HJ-NP-TV-Z0-9]{8}[0-9]")


def is_symbol(text: str) -> bool:
    """Whether a text can be a symbol."""
    return _SYMBOL.fullmatch(text) is not None


def is_mic(text: str) -> bool:
    """Whether a text has the shape of an ISO 10383 market identifier code, such as ``XNYS``."""
    return _MIC.fullmatch(text) is not None


def is_figi(text: str) -> bool:
    """Whether a text is a FIGI: twelve characters without vowels, ``G`` third, and the right check digit."""
    if _FIGI.fullmatch(text) is None:
        return False
    total = 0
    for place, letter in enumerate(text[:11]):
        value = int(letter, 36) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return (10 - total % 10) % 10 == int(text[11])
