"""Identifiers checked for shape: symbols, market identifiers (ISO 10383), FIGIs with their check digit."""

import re
import unicodedata

SYMBOL_LENGTH = 64
SYMBOL_ALPHABET = "letters and digits of any script, single blanks, and . _ : / = ^ - & $ * + # @ ! % ~ | ' ( )"
_SYMBOL_MARKS = frozenset("._:/=^-&$*+#@!%~|'() ")
# A spreadsheet takes what begins so for a formula, and symbols stand in the tables that people open there.
_FORMULA_MARKS = "=+-@"
# What can be said of the alphabet in one pattern that every reader of a JSON Schema knows: what no symbol has.
SYMBOL_PATTERN = r"^[^\s=+@\-<>\"`,;\\?{}\[\]\x00-\x1f][^<>\"`,;\\?{}\[\]\x00-\x1f]*$"
# Letters, the marks upon them, decimal and other digits.
_SYMBOL_KINDS = ("L", "M", "N")
_MIC = re.compile(r"[A-Z0-9]{4}")
_FIGI = re.compile(r"(?!BS|BM|GG|GB|GH|KY|VG)[B-DF-HJ-NP-TV-Z0-9]{2}G[B-DF-HJ-NP-TV-Z0-9]{8}[0-9]")


def symbol_fault(text: str) -> str | None:
    """Why a text can't be a symbol; None where it can.

    Tickers are written in every script (``株``, ``ÉKER``) and with many marks (``^DJI``, ``M&M.NS``, ``BF B``).
    A symbol has at least one letter or digit and no blank at its ends, so that two that look the same are the same.
    """
    if not 1 <= len(text) <= SYMBOL_LENGTH:
        return f"{text[:20]!r} has {len(text)} characters, and a symbol has 1 to {SYMBOL_LENGTH}"
    for one in text:
        if one not in _SYMBOL_MARKS and not unicodedata.category(one).startswith(_SYMBOL_KINDS):
            return f"{text!r} has {one!r}, which is not in the alphabet of symbols: {SYMBOL_ALPHABET}"
    if text[0] in _FORMULA_MARKS:
        return f"{text!r} begins with {text[0]!r}, as a formula does and no symbol"
    if text != text.strip() or "  " in text:
        return f"{text!r} has a blank at an end or two in a row, which no symbol has"
    if not any(one.isalnum() for one in text) or text != unicodedata.normalize("NFC", text):
        return f"{text!r} has neither a letter nor a digit, or letters in parts that are one in Unicode NFC"
    return None


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
