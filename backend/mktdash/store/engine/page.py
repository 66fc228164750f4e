"""A page of a longer list, as connections of the API are made from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a longer list."""

    items: Sequence[T]
    total: int
    has_next: bool
    has_previous: bool


async def read_page(
    conn: AsyncConnection,
    wanted: Select[Any],
    row: Callable[..., T],
    order: Sequence[tuple[ColumnElement[Any], bool]],
    *,
    first: int,
    after: Sequence[Any] | None,
    counted: Select[Any] | None = None,
) -> Page[T]:
    """A page of rows, each made from its columns.

    Args:
        conn: a connection in a transaction.
        wanted: all the rows.
        row: what makes an item of columns.
        order: by which columns, and whether each descends; together they tell rows apart.
        first: at most so many.
        after: of the last row of the page before, the values of these columns.
        counted: how many there are in all, where that is told without the rows.
    """
    counted = select(func.count()).select_from(wanted.subquery()) if counted is None else counted
    total = (await conn.execute(counted)).scalar_one()
    page = wanted.order_by(*(column.desc() if descends else column for column, descends in order)).limit(first + 1)
    if after is not None:
        page = page.where(_beyond(order, after))
    rows = (await conn.execute(page)).all()
    return Page([row(*one) for one in rows[:first]], total, len(rows) > first, after is not None)


def _beyond(order: Sequence[tuple[ColumnElement[Any], bool]], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a row comes after the one of these values."""
    (column, descends), value = order[0], values[0]
    further: ColumnElement[bool] = column < value if descends else column > value
    return further if len(order) == 1 else or_(further, and_(column == value, _beyond(order[1:], values[1:])))
