"""A page of a longer list, as connections of the API are made from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a longer list."""

    items: Sequence[T]
    total: int
    has_next: bool
    has_previous: bool
