"""Rows whose key is one of many: one parameter however many there are, where a list costs more than the read."""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import BigInteger, BindParameter, ColumnElement, Dialect, Integer, String, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine


def list_value(values: Iterable[Any], *, postgres: bool) -> Any:
    """What the driver of an engine takes for a list."""
    return list(values) if postgres else orjson.dumps(list(values)).decode()


class _List(TypeDecorator[Any]):
    """A list: an array on PostgreSQL, JSON on SQLite."""

    impl = String
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = BigInteger() if isinstance(item, Integer) else String()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return ARRAY(self.item) if dialect.name == "postgresql" else String()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return list_value(value, postgres=dialect.name == "postgresql")


class _OneOf(FunctionElement[Any]):
    inherit_cache = True
    type = NullType()


@compiles(_OneOf, "postgresql")
def _on_postgres(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_OneOf, "sqlite")
def _on_sqlite(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - a column and a parameter


def is_one_of(column: ColumnElement[Any], values: Iterable[int] | Iterable[str]) -> ColumnElement[bool]:
    """Whether a column of integers or of texts is one of ``values``."""
    return _OneOf(column, BindParameter(None, values, _List(column.type), unique=True))


def is_one_of_parameter(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column is one of those that a parameter lists; for statements that are built once."""
    return _OneOf(column, bindparam(name, type_=_List(column.type)))
