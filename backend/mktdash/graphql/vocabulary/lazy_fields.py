"""Objects whose fields are worked out when they are asked for: a watchlist asks three of an observation's twelve."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

from strawberry.types.base import StrawberryObjectDefinition

T = TypeVar("T")


def stored(
    kind: type[T], fields: Mapping[str, Callable[[Any], Any]], *, within: str | None = None
) -> Callable[[Any], T]:
    """Makes objects of a GraphQL type from rows of the store.

    Args:
        kind: the type.
        fields: how some of its fields are worked out from the row that an object is made with.
        within: the attribute of that row which has all other fields by their own names; the row itself if left out.
    """

    def __init__(self: Any, row: Any) -> None:  # noqa: N807 - of the class below
        self.stored = row

    definition: StrawberryObjectDefinition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    names = [field.python_name for field in definition.fields if field.base_resolver is None]
    made_from: dict[str, Callable[[Any], Any]] = {
        name: attrgetter(name if within is None else f"{within}.{name}") for name in names
    }
    members = {name: _worked_out(made) for name, made in {**made_from, **fields}.items()}
    return type(f"Stored{kind.__name__}", (kind,), {"__init__": __init__, **members})


def _worked_out(made: Callable[[Any], Any]) -> property:
    return property(lambda self: made(self.stored))
