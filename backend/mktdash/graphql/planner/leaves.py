"""What plans write for leaves: what the executor writes, without its looking at what is as it should be."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from graphql import GraphQLLeafType, is_enum_type

_MOST_INT = 2**31


class NoPlanError(Exception):
    """The executor has to do it."""


def leaf_of(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    """What is written for a value of a scalar or an enum.

    It raises ``NoPlanError``, or what the type itself raises, for a value that is not of it.
    """
    return _PLAIN.get(kind.name) or (_remembering(kind.serialize) if is_enum_type(kind) else kind.serialize)


def _remembering(serialize: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same, each member of an enum only once."""
    known: dict[Any, Any] = {}

    def leaf(value: Any) -> Any:
        if value not in known:
            known[value] = serialize(value)
        return known[value]

    return leaf


def _text(value: Any) -> str:
    if type(value) is not str:
        raise NoPlanError
    return value


def _float(value: Any) -> float:
    if type(value) is not float or not isfinite(value):
        raise NoPlanError
    return value


def _int(value: Any) -> int:
    if type(value) is not int or not -_MOST_INT <= value < _MOST_INT:
        raise NoPlanError
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise NoPlanError
    return value


_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "String": _text,
    "ID": _text,
    "Float": _float,
    "Int": _int,
    "Boolean": _boolean,
}
