"""A connection of the pool is lent only clean, whatever was done to it by its last user or since."""

import asyncio

import pytest
from tests.factories.leftovers import connections

from mktdash.store.engine.clean_connections import is_clean
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction

pytestmark = pytest.mark.both_loops

# It would count for longer than any test waits.
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT count(*) FROM n"


async def resting(engine):
    """The one connection of a pool that was used once."""
    async with read_transaction(engine) as conn:
        await conn.exec_driver_sql("SELECT 1")
    [record] = connections(engine)
    return record.dbapi_connection


async def begun(wrapped):
    """Open a transaction behind the back of SQLAlchemy."""
    await wrapped.driver_connection.execute("BEGIN")


async def lent(engine):
    """The driver's connection that the next user gets."""
    async with read_transaction(engine) as conn:
        await conn.exec_driver_sql("SELECT 1")
        raw = await conn.get_raw_connection()
        return raw.dbapi_connection


async def test_a_connection_that_was_well_left_is_lent_again(engine):
    first = await resting(engine)
    async with write_transaction(engine) as conn:
        await conn.exec_driver_sql("SELECT 1")

    assert is_clean(first)
    assert await lent(engine) is first


async def test_a_connection_in_a_transaction_is_not_lent(engine):
    first = await resting(engine)
    await begun(first)

    assert not is_clean(first)
    assert await lent(engine) is not first
    assert engine.pool.checkedout() == 0


async def test_a_connection_left_in_a_transaction_does_not_go_back(engine):
    async with engine.connect() as conn:
        raw = await conn.get_raw_connection()
        await begun(raw.dbapi_connection)

    assert connections(engine) == []


async def test_a_connection_with_a_statement_under_way_is_not_clean(sqlite_engine):
    first = await resting(sqlite_engine)
    reading = asyncio.create_task(first.driver_connection.execute_fetchall(ENDLESS))
    await asyncio.sleep(0)

    assert not is_clean(first)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@pytest.mark.postgres
async def test_a_connection_whose_statement_is_being_given_up_is_not_lent(make_database):
    engine = open_engine(await make_database("postgres", "empty"))
    first = await resting(engine)
    reading = asyncio.create_task(first.driver_connection.execute("SELECT pg_sleep(600)"))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    # The server has not said yet that it gave up.
    assert not is_clean(first)
    assert await lent(engine) is not first
    await engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(("name", "value"), [("readonly", True), ("isolation_level", "serializable")])
async def test_a_connection_with_other_manners_is_not_lent(make_database, name, value):
    engine = open_engine(await make_database("postgres", "empty"))
    first = await resting(engine)
    setattr(first, name, value)

    assert await lent(engine) is not first
    await engine.dispose()


@pytest.mark.postgres
async def test_a_connection_that_the_server_closed_is_not_lent(make_database):
    engine = open_engine(await make_database("postgres", "empty"))
    first = await resting(engine)
    async with read_transaction(engine) as held, read_transaction(engine) as other:
        driver = (await held.get_raw_connection()).driver_connection
        assert driver is first.driver_connection
        await other.exec_driver_sql(f"SELECT pg_terminate_backend({driver.get_server_pid()})")
        async with asyncio.timeout(60):
            while not driver.is_closed():  # noqa: ASYNC110 - the driver tells by this alone
                await asyncio.sleep(0.01)

    assert await lent(engine) is not first
    await engine.dispose()
