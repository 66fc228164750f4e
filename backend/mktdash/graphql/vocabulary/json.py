"""JSON of answers: orjson, which writes numpy columns without touching them point by point."""

from typing import Any

import orjson

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def encode(data: Any) -> bytes:
    """An answer as UTF-8 JSON; NaN and infinities are null."""
    return orjson.dumps(data, option=_OPTIONS)


def decode(text: str | bytes) -> Any:
    """A request's JSON.

    Raises:
        ValueError: it is not JSON, or nested deeper than we could write it again (254).
    """
    value = orjson.loads(text)
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise orjson.JSONDecodeError("nested too deeply", "", 0) from None
    return value
