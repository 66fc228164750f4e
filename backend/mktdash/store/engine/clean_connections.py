"""A pooled connection proves itself clean before it is lent, whatever happened to its last user, or is thrown away.

A task can be cancelled in any await: while its transaction begins, while it is rolled back, while a statement that the
driver was asked for directly is under way. SQLAlchemy sees most of that, not all; and whoever gets a connection that is
still inside a transaction reads the past.
"""

from time import monotonic
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

_SECONDS_OF_TRUST = 1.0
_RESTING_SINCE = "mktdash_resting_since"
# As new, or as SQLAlchemy leaves it after a unit of work that had another.
_ISOLATION = frozenset({None, "read_committed"})


def lend_only_clean(engine: AsyncEngine) -> None:
    """Look at each connection when it comes back and before it is lent. Costs no round trip."""
    event.listen(engine.sync_engine, "reset", _throw_away_unless_clean)
    event.listen(engine.sync_engine, "checkout", _refuse_unless_clean)
    if engine.dialect.name == "postgresql":
        event.listen(engine.sync_engine, "checkout", _look_after_a_rest)
        event.listen(engine.sync_engine, "checkin", _note_the_time)


def is_clean(connection: Any) -> bool:
    """Whether a driver's connection, as SQLAlchemy wraps it, is outside any transaction, with no statement under way.

    All of it is known here, without asking the server.
    """
    driver = connection.driver_connection
    if not hasattr(driver, "is_in_transaction"):
        return bool(driver.is_at_rest)
    return not (
        driver.is_closed()
        or driver.is_in_transaction()
        # A BEGIN was sent whose answer nobody waited for.
        or driver._top_xact is not None  # noqa: SLF001 - told nowhere else
        # A statement is being given up; a late word of that would hit the next one.
        or driver._protocol._is_cancelling()  # noqa: SLF001 - as asyncpg's own pool asks
    )


def _throw_away_unless_clean(connection: Any, record: Any, state: Any) -> None:
    # At once, so that the server need not keep a view open until somebody wants the connection. What the garbage
    # collector found is closed in any case.
    if not state.terminate_only and not is_clean(connection):
        record.invalidate()


def _refuse_unless_clean(connection: Any, _record: object, _proxy: object) -> None:
    if not is_clean(connection) or _is_other_driver(connection):
        # SQLAlchemy closes this one and opens another.
        raise DisconnectionError("the connection's last user did not leave it as it was")


def _is_other_driver(connection: Any) -> bool:
    return getattr(connection, "readonly", False) or getattr(connection, "isolation_level", None) not in _ISOLATION


def _look_after_a_rest(connection: Any, record: Any, _proxy: object) -> None:
    # A look at every checkout costs three round trips; a connection that just worked is still there.
    if monotonic() - record.info.get(_RESTING_SINCE, 0.0) < _SECONDS_OF_TRUST:
        return
    try:
        connection.ping()
    except Exception as error:
        raise DisconnectionError from error


def _note_the_time(_connection: object, record: Any) -> None:
    record.info[_RESTING_SINCE] = monotonic()
