"""Lists a page at a time, as Relay has them: connections, edges, and the cursors that say where a page ends."""

import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import strawberry

from mktdash.domain.errors import InvalidInputError
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on
from mktdash.graphql.vocabulary.from_row import lazily_from_row
from mktdash.graphql.vocabulary.ids import decoded, encoded
from mktdash.store.engine.page import Page

T = TypeVar("T")
R = TypeVar("R")

# A number with more digits is in no row of either engine.
_NUMBER = re.compile(r"-?[0-9]{1,18}")
# Rows are numbered from 1; an instant may lie before 1970.
_ROW_NUMBERS = ("id", "series_id")


class Cursor:
    """The cursors of one list: each has the values of the columns that the list is sorted by."""

    def __init__(self, kind: str, **columns: type[int] | type[str]) -> None:
        self._prefix = f"after-{kind}:"
        self._columns = columns

    def of(self, row: Any) -> str:
        """The place after a row."""
        return encoded(self._prefix + ":".join(str(getattr(row, name)) for name in self._columns))

    def after(self, text: str | None) -> Any:
        """The values that a cursor points after, a single one by itself; None for the beginning.

        Raises:
            InvalidInputError: the text is not a cursor of this list.
        """
        if text is None:
            return None
        place = decoded(text)
        if place is None or not place.startswith(self._prefix):
            raise _not_of_this_list()
        parts = place.removeprefix(self._prefix).split(":", len(self._columns) - 1)
        if len(parts) != len(self._columns):
            raise _not_of_this_list()
        values = [
            part if kind is str else _number(part, at_least=1 if name in _ROW_NUMBERS else None)
            for part, (name, kind) in zip(parts, self._columns.items(), strict=True)
        ]
        return values[0] if len(values) == 1 else tuple(values)


def _number(part: str, at_least: int | None) -> int:
    if _NUMBER.fullmatch(part) is None or (at_least is not None and int(part) < at_least):
        raise _not_of_this_list()
    return int(part)


def _not_of_this_list() -> InvalidInputError:
    return InvalidInputError("after is not a cursor of this list", argument="after")


# All of this changes with what the field that gives it depends on, and with nothing else.
@attributes_depend_on()
@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether there are items after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there are items before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item; null on an empty page.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last item; pass it as `after` for the next page. Null on an empty page."
    )


@strawberry.type(description="An item of a list, with its cursor.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(
        metadata=depends_on(), description="Pass it as `after` for the items after this one."
    )
    node: T = strawberry.field(metadata=depends_on(), description="The item.")


# From a row, its list's cursors, and what makes an item of a row.
_EDGE = lazily_from_row(Edge, {"cursor": lambda of: of[1].of(of[0]), "node": lambda of: of[2](of[0])})


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Relay's connection."""

    edges: list[Edge[T]] = strawberry.field(metadata=depends_on(), description="The items of this page.")
    page_info: PageInfo = strawberry.field(metadata=depends_on(), description="Where this page stands.")
    total_count: int = strawberry.field(metadata=depends_on(), description="How many items the list has in all.")

    @classmethod
    def from_page(cls, page: Page[R], cursor: Cursor, item: Callable[[R], T]) -> "Connection[T]":
        """A page as stored, each row of it made into an item."""
        return cls(
            edges=[_EDGE((row, cursor, item)) for row in page.items],
            page_info=PageInfo(
                has_next_page=page.has_next,
                has_previous_page=page.has_previous,
                start_cursor=cursor.of(page.items[0]) if page.items else None,
                end_cursor=cursor.of(page.items[-1]) if page.items else None,
            ),
            total_count=page.total,
        )
