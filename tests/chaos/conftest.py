"""What the tests of cancelled work stand on."""

import asyncio
import logging

import pytest
from tests.factories.cancelling import walked
from tests.factories.leftovers import Complaints, Leftovers, Outside
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted

from mktdash.domain.clock import system_clock
from mktdash.store.engine.session import write_transaction
from mktdash.store.live.outbox import ensure_epoch


def pytest_configure(config):
    """Load the stores' fixtures once, whichever folder asks first."""
    config.pluginmanager.import_plugin("tests.factories.stores.fixtures")


@pytest.fixture
async def left(engine):
    """What looks for leftovers in a store with some observations; awaits are counted meanwhile."""
    async with write_transaction(engine) as conn:
        await ensure_epoch(conn)
    for n in range(2):
        await ingest(engine, scripted({"AAA": {0: 10.0 + n, 1: 11.0}, "BBB": {0: 1.0}}, system_clock()))
    outside = Outside(engine)
    await outside.open()
    found = Leftovers(outside, engine)
    complaints = Complaints(found.said)
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.said.append(str(context)))
    logging.getLogger("sqlalchemy").addHandler(complaints)
    with walked():
        yield found
    logging.getLogger("sqlalchemy").removeHandler(complaints)
    await outside.close()
