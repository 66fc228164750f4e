"""Rows whose key is among many: one parameter however many there are, where a list of them costs more than the read."""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, ColumnElement, String, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.session import is_postgres


def among(conn: AsyncConnection, column: Column[Any], ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether an integer column is one of ``ids``."""
    if is_postgres(conn):
        return column == any_(literal(list(ids), ARRAY(BigInteger)))
    listed = func.json_each(literal(orjson.dumps(list(ids)).decode(), String)).table_valued("value")
    return column.in_(select(listed.c.value))
