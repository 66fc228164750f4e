"""The check ``rounded``, on a file whose last values have lost their decimals, and on one whose have not."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.command import Command
from tests.factories.stores.fixtures import ENGINES


@pytest.fixture(params=ENGINES)
def mktdash(request, databases, tmp_path):
    """The command on an empty store, once on each engine."""
    url = asyncio.run(databases.make(request.param, "empty"))
    yield Command(tmp_path, {"DATABASE_URL": url})
    databases.drop(url)


def verdict_on(mktdash, values):
    """What ``mktdash quality`` says of one series with these values up to today."""
    days = [datetime.now(UTC).date() - timedelta(days=n) for n in reversed(range(len(values)))]
    lines = "".join(f"{day},ACME,{value}\n" for day, value in zip(days, values, strict=True))
    file, mapping = mktdash.folder / "closes.csv", mktdash.folder / "closes.json"
    file.write_text(f"Date,Symbol,Close\n{lines}")
    columns = {"date": "Date", "symbol_column": "Symbol", "value": "Close"}
    mapping.write_text(json.dumps({"dataset": "closes", "asset_class": "EQUITY", **columns}))
    done = mktdash("ingest", "csv", "--file", file, "--mapping", mapping)
    assert done.code == 0, done.err
    [judged] = json.loads(mktdash("quality", "--dataset", "closes", "--json").out)["datasets"]
    return next(one for one in judged["checks"] if one["metric"] == "rounded")


def test_values_that_lost_their_decimals_are_a_warning(mktdash):
    verdict = verdict_on(mktdash, [10.25, 10.5, 10.75, 11, 12, 11, 13, 12, 11])
    assert (verdict["status"], verdict["value"]) == ("WARN", 6.0)
    assert verdict["summary"].startswith("only whole numbers since: ACME")


def test_values_that_keep_their_decimals_pass(mktdash):
    assert verdict_on(mktdash, [10.25, 10.5, 10.75, 11, 12.5])["status"] == "PASS"
