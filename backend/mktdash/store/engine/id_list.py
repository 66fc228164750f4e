"""Rows whose key is one of many: one parameter however many there are, where a list costs more than the read."""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, ColumnElement, Integer, String, any_, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.engine.session import is_postgres


def list_parameter(ids: Iterable[int], *, postgres: bool) -> Any:
    """The value of the parameter that :func:`is_in_list` takes."""
    return list(ids) if postgres else orjson.dumps(list(ids)).decode()


def is_in_list(column: Column[Any], name: str, *, postgres: bool) -> ColumnElement[bool]:
    """Whether an integer column is one of those that a parameter lists; for statements that are built once."""
    if postgres:
        return column == any_(bindparam(name, type_=ARRAY(BigInteger)))
    values = func.json_each(bindparam(name, type_=String)).table_valued("value")
    return column.in_(select(values.c.value))


def is_one_of(
    conn: AsyncConnection,
    column: ColumnElement[Any],
    values: Iterable[int] | Iterable[str],
) -> ColumnElement[bool]:
    """Whether a column of integers or of texts is one of ``values``."""
    if is_postgres(conn):
        kind = BigInteger() if isinstance(column.type, Integer) else String()
        return column == any_(literal(list(values), ARRAY(kind)))
    given = func.json_each(literal(orjson.dumps(list(values)).decode(), String)).table_valued("value")
    return column.in_(select(given.c.value))
