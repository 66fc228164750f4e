"""Media types: what a client accepts, best first, and what it says its body is."""

from functools import lru_cache

from mktdash.content_negotiation import MOST_NAMED, weight
from mktdash.domain.errors import NotAcceptableError

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"

_GIVEN = {
    JSON: JSON,
    RESPONSE_JSON: RESPONSE_JSON,
    EVENT_STREAM: EVENT_STREAM,
    "application/*": JSON,
    "*/*": JSON,
}


@lru_cache(256)
def answer_type(accept: str | None) -> str:
    """The media type to answer with: the one wanted most, the first named among equals; JSON where nothing is said.

    Raises:
        NotAcceptableError: none of those named can be given.
    """
    if accept is None or not accept.strip():
        return JSON
    best, best_weight = None, 0.0
    for part in accept.split(",", MOST_NAMED)[:MOST_NAMED]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        given = weight(parameters)
        if name in _GIVEN and given > best_weight and not _other_charset(parameters):
            best, best_weight = _GIVEN[name], given
    if best is None:
        raise NotAcceptableError(
            "none of the accepted media types is available", given=[RESPONSE_JSON, JSON, EVENT_STREAM]
        )
    return best


@lru_cache(256)
def is_json(content_type: str | None) -> bool:
    """Whether a body is declared as JSON in UTF-8."""
    name, *parameters = (piece.strip().lower() for piece in (content_type or "").split(";"))
    return name == JSON and not _other_charset(parameters)


def _other_charset(parameters: list[str]) -> bool:
    return any(one.startswith("charset=") and one[8:].strip('"') not in {"utf-8", "utf8"} for one in parameters)
