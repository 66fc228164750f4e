"""The custom scalars. Columns pass through the executor whole: numpy in, orjson out, never one object a point."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NewType

import numpy as np
import orjson
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from mktdash.domain.clock import iso, to_micros
from mktdash.domain.flags import flag_names
from mktdash.domain.observation import Float64Array, Int64Array

Instant = NewType("Instant", int)
"""Microseconds UTC inside, RFC 3339 text outside."""
# A column is numbers still to be encoded (an array), or their JSON (a Fragment).
InstantColumn = NewType("InstantColumn", object)
MillisColumn = NewType("MillisColumn", object)
FloatColumn = NewType("FloatColumn", object)
FlagsColumn = NewType("FlagsColumn", object)
Json = NewType("Json", object)

# Seconds may be left out by people, a zone may not: without one the text names no instant.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)")
_MICROS_PER_MILLI = 1000


def parse_instant(text: object) -> Instant:
    """Microseconds of an RFC 3339 text.

    Raises:
        ValueError: the text is not a date-time with a zone, or names a day that does not exist.
    """
    if not isinstance(text, str):
        raise ValueError("an instant is RFC 3339 text with a zone, such as 2024-05-31T12:15:00Z")  # noqa: TRY004 - reported as any other wrong value
    if not _RFC_3339.fullmatch(text):
        raise ValueError(f"{text!r} is not an RFC 3339 instant with a zone, such as 2024-05-31T12:15:00Z")
    try:
        return Instant(to_micros(datetime.fromisoformat(text.upper()).astimezone(UTC)))
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} names a day or an hour that does not exist") from None


def _instant_or_refusal(text: object) -> Instant:
    try:
        return parse_instant(text)
    except ValueError as error:
        # Of the client's making, and told as such: any other exception would count as a fault of the server.
        raise GraphQLError(str(error)) from None


def _or_encoded(serialize: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let through what is encoded already."""

    def whole(column: Any) -> Any:
        return column if isinstance(column, orjson.Fragment) else serialize(column)

    return whole


def instants(micros: Int64Array) -> np.ndarray:
    """A column of microseconds as orjson writes instants: RFC 3339 with Z."""
    return np.ascontiguousarray(micros).view("datetime64[us]")


def millis(micros: Int64Array) -> np.ndarray:
    """A column of microseconds as whole milliseconds."""
    return micros // _MICROS_PER_MILLI


def floats(values: Float64Array) -> np.ndarray:
    """A column of numbers; orjson writes NaN as null."""
    return np.ascontiguousarray(values)


def flag_lists(masks: Int64Array) -> orjson.Fragment:
    """A column of bitmasks as JSON lists of flag names, each distinct mask spelt out once."""
    if not len(masks):
        return orjson.Fragment(b"[]")
    first = int(masks[0])
    if (masks == first).all():
        return orjson.Fragment(b"[" + b",".join([_names_json(first)] * len(masks)) + b"]")
    spelt = {mask: _names_json(mask) for mask in np.unique(masks).tolist()}
    return orjson.Fragment(b"[" + b",".join(map(spelt.__getitem__, masks.tolist())) + b"]")


def _names_json(mask: int) -> bytes:
    return orjson.dumps(flag_names(mask))


def _whole(value: Any) -> Any:
    return value


SCALARS: dict[object, ScalarDefinition] = {
    Instant: strawberry.scalar(
        name="DateTime",
        description="An instant as RFC 3339 text. Always with a zone; answers are in UTC, with Z.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=iso,
        parse_value=_instant_or_refusal,
    ),
    InstantColumn: strawberry.scalar(
        name="DateTimeColumn",
        description="A column of instants: a JSON list of RFC 3339 texts in UTC, with Z.",
        serialize=_or_encoded(instants),
    ),
    MillisColumn: strawberry.scalar(
        name="EpochMillisColumn",
        description="A column of instants: a JSON list of whole milliseconds since 1970-01-01T00:00:00Z.",
        serialize=_or_encoded(millis),
    ),
    FloatColumn: strawberry.scalar(
        name="FloatColumn",
        description="A column of numbers: a JSON list of numbers, with null where there is none.",
        serialize=_or_encoded(floats),
    ),
    FlagsColumn: strawberry.scalar(
        name="FlagsColumn",
        description='A column of quality flags: a JSON list of lists of flag names, such as [[],["SIMULATED"]].',
        serialize=_or_encoded(flag_lists),
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://ecma-international.org/publications-and-standards/standards/ecma-404/",
        serialize=_whole,
        parse_value=_whole,
    ),
}
