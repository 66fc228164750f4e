"""Shortens a source's own text for people to read, and escapes what a terminal would obey."""


def excerpt(value: str | bytes, most: int = 500) -> str:
    """The beginning of a text, at most so many characters; what can't be printed is shown as an escape."""
    text = value[: 4 * most + 4].decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value[: most + 1]
    if not text.isprintable():
        text = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
