"""GraphQL objects made from rows of the store, field by field of the same name."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from strawberry.types.base import StrawberryObjectDefinition

T = TypeVar("T")


def _fields_of(kind: Any) -> tuple[str, ...]:
    definition: StrawberryObjectDefinition = kind.__strawberry_definition__
    return tuple(field.python_name for field in definition.fields if field.base_resolver is None)


# mypy takes no type to be hashable.
_plain_fields: Callable[[Any], tuple[str, ...]] = lru_cache(_fields_of)


def from_row(kind: type[T], row: object, /, **others: Any) -> T:
    """An object of a GraphQL type: ``others`` are given, every other field is the row's of the same name."""
    fields = {name: getattr(row, name) for name in _plain_fields(kind) if name not in others}
    return kind(**fields, **others)


def lazily_from_row(
    kind: type[T], others: Mapping[str, Callable[[Any], Any]], *, within: str | None = None
) -> Callable[[Any], T]:
    """Makes such objects whose fields are worked out when they are asked for: a watchlist asks three of twelve.

    Args:
        kind: the type.
        others: how some of its fields are worked out from the row.
        within: the attribute of the row that has all other fields; the row itself if left out.
    """

    def __init__(self: Any, row: Any) -> None:  # noqa: N807 - of the class below
        self.stored = row

    same: dict[str, Callable[[Any], Any]] = {
        name: attrgetter(name if within is None else f"{within}.{name}") for name in _plain_fields(kind)
    }
    members = {name: _worked_out(made) for name, made in {**same, **others}.items()}
    return type(f"Lazy{kind.__name__}", (kind,), {"__init__": __init__, **members})


def _worked_out(made: Callable[[Any], Any]) -> property:
    return property(lambda self: made(self.stored))
