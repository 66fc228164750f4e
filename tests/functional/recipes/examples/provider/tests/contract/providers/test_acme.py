"""Acme in its own wire format: as it publishes, as it goes wrong, and into the store by ``mktdash ingest``."""

import asyncio

import pytest
from tests.factories.command import Command
from tests.factories.sources.fetching import SAMPLES, fetched, parsed, points
from tests.factories.sources.wire import Answer, wire_server
from tests.factories.stores.fixtures import ENGINES

from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.acme.client import DATASET, AcmeProvider

SAMPLE = SAMPLES / "acme" / "settlements.csv"


async def test_the_file_is_fetched_whole_whatever_the_window():
    async with wire_server(Answer(SAMPLE.read_bytes())) as wire:
        (payload,) = await fetched(AcmeProvider(wire.url + "/settlements.csv"))

    assert payload.body == SAMPLE.read_bytes()
    assert [asked.path for asked in wire.asked] == ["/settlements.csv"]


def test_settlements_are_read_at_half_past_five_in_paris_and_a_dash_is_no_fault():
    piece = parsed(AcmeProvider(), SAMPLE.read_bytes(), DATASET)

    assert points(piece, "WHEAT")["2024-01-02T16:30:00Z"] == 218.75
    assert points(piece, "MAIZE") == {"2024-01-02T16:30:00Z": 201.5}
    assert [(one.column, one.line) for one in piece.rejected] == [("MAIZE", 4)]


def test_a_web_page_is_not_the_file():
    with pytest.raises(ProviderFormatError):
        parsed(AcmeProvider(), b"<html>maintenance</html>", DATASET)


@pytest.fixture(params=ENGINES)
def mktdash(request, databases, tmp_path):
    """The command on an empty store, once on each engine."""
    url = asyncio.run(databases.make(request.param, "empty"))
    yield Command(tmp_path, {"DATABASE_URL": url})
    databases.drop(url)


def test_a_file_of_acme_is_ingested_and_its_contracts_are_instruments(mktdash):
    (report,) = mktdash.json("ingest", "acme", "--file", SAMPLE)

    assert (report["new"], report["rejected"]) == (4, 1)
    assert [one["symbol"] for one in mktdash.json("instruments", "list")] == ["ACME.MAIZE", "ACME.WHEAT"]
