"""Headers that come in several lines: one value a name, by one rule, so that no two readers take different lines."""

from collections.abc import Mapping

# What these say has one value. A proxy in front may have looked at the other one, so neither is believed.
_ONCE = frozenset({
    "access-control-request-headers", "access-control-request-method", "authorization", "content-length",
    "content-type", "expect", "host", "if-modified-since", "if-range", "last-event-id", "origin", "range",
    "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "transfer-encoding", "x-forwarded-host",
    "x-real-ip",
})  # fmt: skip


def merge_repeated_headers(raw: list[tuple[bytes, bytes]]) -> tuple[Mapping[str, str], str | None]:
    """The headers by lower-case name, and the first name that stands in several lines and may not.

    The lines of all others are one list in their order (RFC 9110, 5.3). ``raw`` then has one line a name, too.
    """
    headers: dict[str, str] = {}
    twice = None
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        if key not in headers:
            headers[key] = text
        elif key in _ONCE:
            twice = twice or key
        else:
            # HTTP/2 splits cookies, and a proxy may hand them on as they came.
            headers[key] += ("; " if key == "cookie" else ", ") + text
    if len(headers) < len(raw):
        raw[:] = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return headers, twice
