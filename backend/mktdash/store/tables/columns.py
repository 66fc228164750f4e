"""Column kinds the tables share. Times are int64 microseconds UTC in both engines."""

from typing import Any

from sqlalchemy import BigInteger, Identity
from sqlalchemy.dialects import sqlite
from sqlmodel import Field

# SQLite gives row ids to INTEGER keys only; PostgreSQL gets 64 bits.
BIG_ID = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


def big_id() -> Any:
    """A 64-bit key that the database counts up."""
    return Field(default=None, primary_key=True, sa_type=BIG_ID, sa_column_args=(Identity(),))


def micros(**options: Any) -> Any:
    """An instant or another 64-bit number."""
    return Field(sa_type=BigInteger, **options)
