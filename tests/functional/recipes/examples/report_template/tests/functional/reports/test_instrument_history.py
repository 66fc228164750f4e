"""The template ``instrument-history``: asked for, built by a worker's runner, taken, verified; on both engines."""

import asyncio
import json

import pytest
from pypdf import PdfReader
from tests.factories.command import Command
from tests.factories.jobs.runner import runner_over
from tests.factories.stores.fixtures import ENGINES

from mktdash.store.engine.session import open_engine


@pytest.fixture(params=ENGINES)
def mktdash(request, databases, tmp_path):
    """The command on a store with three closes of ACME, once on each engine."""
    url = asyncio.run(databases.make(request.param, "empty"))
    command = Command(tmp_path, {"DATABASE_URL": url})
    (tmp_path / "closes.csv").write_text(
        "Date,Symbol,Close\n2024-01-02,ACME,10.5\n2024-01-03,ACME,11\n2024-01-04,ACME,12.25\n"
    )
    columns = {"date": "Date", "symbol_column": "Symbol", "value": "Close"}
    (tmp_path / "closes.json").write_text(json.dumps({"dataset": "closes", "asset_class": "EQUITY", **columns}))
    done = command("ingest", "csv", "--file", tmp_path / "closes.csv", "--mapping", tmp_path / "closes.json")
    assert done.code == 0, done.err
    yield command
    databases.drop(url)


async def build(url, run_id):
    engine = open_engine(url)
    try:
        await runner_over(engine).run(run_id, 0)
    finally:
        await engine.dispose()


def test_the_newest_values_of_a_symbol_are_reported_and_verified(mktdash, tmp_path):
    given = json.dumps({"symbol": "ACME", "values": 2})
    run = mktdash.json("report", "request", "instrument-history", "--parameters", given)["id"]
    asyncio.run(build(mktdash.env["DATABASE_URL"], run))

    shown = mktdash.json("report", "show", run, "--save", tmp_path)
    assert shown["state"] == "succeeded", shown
    pdf = PdfReader(tmp_path / f"{run}.pdf").pages[0].extract_text()
    html, csv = ((tmp_path / f"{run}.{name}").read_text() for name in ("html", "csv"))
    for text in (pdf, html, csv):
        assert "12.25" in text
        assert "11.0" in text
        assert "10.5" not in text
    assert mktdash.json("report", "verify", run)["same"]


def test_an_unknown_symbol_is_the_runs_error(mktdash):
    run = mktdash.json("report", "request", "instrument-history", "--parameters", '{"symbol": "NONE"}')["id"]
    asyncio.run(build(mktdash.env["DATABASE_URL"], run))
    assert mktdash.json("report", "show", run)["error_code"] == "UNKNOWN_SYMBOL"
