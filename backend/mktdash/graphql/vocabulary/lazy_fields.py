"""Objects whose fields are worked out when they are asked for: a watchlist asks three of an observation's twelve."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def stored(kind: type[T], fields: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], T]:
    """Makes objects of a GraphQL type from rows of the store.

    Args:
        kind: the type.
        fields: how each of its fields is worked out from the row that an object is made with.
    """

    def __init__(self: Any, row: Any) -> None:  # noqa: N807 - of the class below
        self.stored = row

    members = {name: _worked_out(made) for name, made in fields.items()}
    return type(f"Stored{kind.__name__}", (kind,), {"__init__": __init__, **members})


def _worked_out(made: Callable[[Any], Any]) -> property:
    return property(lambda self: made(self.stored))
