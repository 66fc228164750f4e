"""A report of a symbol that two files have: refused until the dataset is named, on both engines."""

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
from tests.factories.command import Command
from tests.factories.jobs.runner import runner_over
from tests.factories.stores.fixtures import ENGINES
from tests.factories.web.application import resources_over, web_over

from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.jobs import reports

REQUEST = """mutation($given: JSON!) { requestReport(input: {template: "market-summary", parameters: $given}) {
  __typename ... on ReportRun { runId } ... on InvalidParameters { problems { path message } } } }"""
AMBIGUOUS = 'TWICE is ambiguous: it is in file-a and file-b; say which, with symbols and "dataset": "file-a"'


def give(mktdash: Command, folder: Path, dataset: str, symbol: str, values: list[float]) -> None:
    days = [f"2024-01-{n + 2:02d}" for n in range(len(values))]
    give_days(mktdash, folder, dataset, symbol, dict(zip(days, values, strict=True)), asset_class="EQUITY")


def give_days(mktdash: Command, folder: Path, dataset: str, symbol: str, values: dict[str, float], **more: str) -> None:
    file, mapping = folder / f"{dataset}-{symbol}.csv", folder / f"{dataset}.json"
    file.write_text("Date,Symbol,Close\n" + "".join(f"{day},{symbol},{one}\n" for day, one in values.items()))
    columns = {"date": "Date", "symbol_column": "Symbol", "value": "Close"}
    mapping.write_text(json.dumps({"dataset": dataset, **more, **columns}))
    done = mktdash("ingest", "csv", "--file", file, "--mapping", mapping)
    assert (done.code, done.err) == (0, "")


@pytest.fixture(params=ENGINES)
def mktdash(request, databases, tmp_path):
    """The command on a store where two files have TWICE and one has ONCE, once on each engine."""
    url = asyncio.run(databases.make(request.param, "empty"))
    command = Command(tmp_path, {"DATABASE_URL": url})
    for dataset, symbol, values in (
        ("file-a", "TWICE", [1.0, 2.0]),
        ("file-b", "TWICE", [70.0, 80.0]),
        ("file-b", "ONCE", [5.0, 6.0]),
    ):
        give(command, tmp_path, dataset, symbol, values)
    yield command
    databases.drop(url)


async def asked(engine, **given):
    async with web_over(resources_over(engine)) as web:
        token = await web.token("analyst")
        body = await web.ask(REQUEST, {"given": given}, authorization=f"Bearer {token}")
        return body["data"]["requestReport"]


async def built(engine, run_id):
    await runner_over(engine).run(run_id, 0)


async def shown(engine, **given):
    """The values of a report by symbol and dataset."""
    run = await asked(engine, **given)
    assert run["__typename"] == "ReportRun", run
    await built(engine, run["runId"])
    async with read_transaction(engine) as conn:
        text = (await reports.artifact(conn, run["runId"], "csv")).body.decode()
    found: dict[tuple[str, str], list[float]] = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        found.setdefault((row["symbol"], row["dataset"]), []).append(float(row["value"]))
    return found


@pytest.fixture
async def store(mktdash):
    engine = open_engine(mktdash.env["DATABASE_URL"])
    yield engine
    await engine.dispose()


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"symbols": ["ONCE", "TWICE"]}, [{"path": "/symbols/1", "message": AMBIGUOUS}]),
        ({"assetClass": "EQUITY"}, [{"path": "/assetClass", "message": AMBIGUOUS}]),
        (
            {"symbols": ["TWICE", "ONCE"], "dataset": "file-a"},
            [{"path": "/symbols/1", "message": "ONCE is not in the dataset file-a: it is in file-b"}],
        ),
        ({"dataset": "other"}, [{"path": "/dataset", "message": "no dataset 'other' with series is held"}]),
    ],
    ids=["symbols", "class", "elsewhere", "unknown"],
)
async def test_what_may_mean_two_datasets_or_none_is_refused_where_it_is_asked(store, given, problems):
    assert await asked(store, **given) == {"__typename": "InvalidParameters", "problems": problems}
    async with read_transaction(store) as conn:
        assert (await reports.reports_page(conn, first=5)).total == 0


async def test_the_dataset_named_is_the_one_shown(store):
    assert await shown(store, symbols=["TWICE"], dataset="file-a") == {("TWICE", "file-a"): [1.0, 2.0]}
    assert await shown(store, symbols=["TWICE"], dataset="file-b") == {("TWICE", "file-b"): [70.0, 80.0]}
    assert await shown(store, symbols=["ONCE"]) == {("ONCE", "file-b"): [5.0, 6.0]}
    of_b = {("ONCE", "file-b"): [5.0, 6.0], ("TWICE", "file-b"): [70.0, 80.0]}
    assert await shown(store, dataset="file-b") == of_b


async def test_a_class_is_shown_with_its_monthly_series_and_without_what_is_quoted_no_more(mktdash, store, tmp_path):
    march = {f"2024-03-{day:02d}": float(day) for day in range(1, 30)}
    monthly = {"asset_class": "RATE", "calendar": "MONTHLY", "interval": "1M"}
    daily = {"asset_class": "RATE", "calendar": "24/7"}
    for dataset, symbol, values, more in (
        ("rates", "DAILY", march, daily),
        ("rates", "STOPPED", {f"2024-01-{day:02d}": 1.0 for day in range(1, 30)}, daily),
        ("policy", "MONTHLY", {"2024-01-01": 4.0, "2024-02-01": 4.5}, monthly),
    ):
        await asyncio.to_thread(give_days, mktdash, tmp_path, dataset, symbol, values, **more)

    found = await shown(store, assetClass="RATE", days=60)

    assert found == {("DAILY", "rates"): [*march.values()], ("MONTHLY", "policy"): [4.5]}


def test_the_shell_says_the_same(mktdash):
    done = mktdash("report", "request", "--parameters", '{"symbols": ["TWICE"]}')
    assert (done.code, done.err) == (1, f"mktdash: /symbols/0: {AMBIGUOUS}\n")


async def test_a_request_repeated_gives_its_run_even_where_the_data_have_become_ambiguous_since(
    mktdash, store, tmp_path
):
    words = ("report", "request", "--parameters", '{"symbols": ["ONCE"]}', "--idempotency-key", "k", "--json")
    run = json.loads((await asyncio.to_thread(mktdash, *words)).out)
    await built(store, run["id"])
    await asyncio.to_thread(give, mktdash, tmp_path, "file-a", "ONCE", [9.0])
    assert json.loads((await asyncio.to_thread(mktdash, *words)).out)["id"] == run["id"]


async def test_a_run_whose_symbol_has_become_ambiguous_ends_with_the_reason(mktdash, store, tmp_path):
    run = await asked(store, symbols=["ONCE"])
    await asyncio.to_thread(give, mktdash, tmp_path, "file-a", "ONCE", [9.0])
    await built(store, run["runId"])
    async with read_transaction(store) as conn:
        ended = await reports.report_by_id(conn, run["runId"])
    assert (ended.state, ended.error_code, ended.attempts) == ("dead", "INVALID_PARAMETERS", 1)
    assert "file-a and file-b" in ended.error_message
