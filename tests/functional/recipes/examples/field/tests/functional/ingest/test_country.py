"""The country of an instrument: from a file's column into the store, and out by the command and the API."""

import asyncio

import pytest
from tests.factories.command import Command
from tests.factories.stores.fixtures import ENGINES
from tests.factories.web.application import resources_over, web_over

from mktdash.store.engine.session import open_engine


@pytest.fixture(params=ENGINES)
def mktdash(request, databases, tmp_path):
    """The command on an empty store, once on each engine."""
    url = asyncio.run(databases.make(request.param, "empty"))
    yield Command(tmp_path, {"DATABASE_URL": url})
    databases.drop(url)


async def answer(url, query):
    engine = open_engine(url)
    try:
        async with web_over(resources_over(engine)) as web:
            return await web.data(query)
    finally:
        await engine.dispose()


def test_the_country_of_a_file_is_listed_and_answered(mktdash, tmp_path):
    file = tmp_path / "instruments.csv"
    file.write_text("symbol,name,asset_class,country\nACME,Acme,EQUITY,DE\nNONE,None,EQUITY,\n")
    done = mktdash("instruments", "import", file)
    assert done.code == 0, done.err

    assert {one["symbol"]: one["country"] for one in mktdash.json("instruments", "list")} == {
        "ACME": "DE",
        "NONE": None,
    }
    query = '{ instrument(symbol: "ACME") { country } }'
    assert asyncio.run(answer(mktdash.env["DATABASE_URL"], query)) == {"instrument": {"country": "DE"}}
