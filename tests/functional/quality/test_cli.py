"""``mktdash quality`` from a shell: the table, the exit codes, and answers to alerts."""

import asyncio
import json

import pytest
from sqlalchemy import insert
from tests.factories.sources.ingesting import ingest
from tests.factories.stores.urls import upgrade_url
from typer.testing import CliRunner

from mktdash.cli.main import app
from mktdash.domain.clock import system_clock
from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.http import quality_gauges
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.quality.runner import run_quality
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction
from mktdash.store.tables.market import Dataset

ECB = "ecb-reference-rates"


@pytest.fixture
def mktdash(tmp_path, monkeypatch):
    """The command on a store with the ECB's recorded history, which is years late by any clock of today."""
    monkeypatch.setenv("MKTDASH_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    url = f"sqlite+aiosqlite:///{tmp_path / 'mktdash.db'}"

    async def fill():
        await upgrade_url(url)
        engine = open_engine(url)
        payload = recorded_history(system_clock)
        await ingest(engine, payload, EcbProvider(), now=system_clock())
        await engine.dispose()

    asyncio.run(fill())

    def run(*words):
        return CliRunner().invoke(app, ["quality", *words])

    return run


def test_the_table_names_each_verdict_and_a_failure_is_an_exit_code(mktdash):
    done = mktdash()

    assert done.exit_code == 1
    assert f"{ECB}  FAIL  version 1" in done.stdout
    assert "sessions late: newest is 2026-10-30" in done.stdout


def test_json_is_what_the_health_page_says(mktdash):
    judged = json.loads(mktdash("--json").stdout)
    stored = json.loads(mktdash("--stored", "--json", "--dataset", ECB).stdout)

    assert judged["status"] == stored["status"] == "FAIL"
    assert stored["datasets"][0]["freshness"] == judged["datasets"][0]["freshness"]


def test_a_dataset_that_is_not_there_is_said_so(mktdash):
    done = mktdash("--stored", "--dataset", "nope")

    assert isinstance(done.exception, NotFoundError)


def test_an_operator_sees_alerts_and_answers_them(mktdash):
    mktdash()
    listed = json.loads(mktdash("alerts", "--json").stdout)
    (late,) = [alert for alert in listed if alert["metric"] == "freshness"]

    seen = mktdash("ack", str(late["id"]), "--note", "offline on purpose")
    muted = json.loads(mktdash("mute", str(late["id"]), "--for", "2", "--json").stdout)
    noted = json.loads(mktdash("note", str(late["id"]), "back on Monday", "--json").stdout)

    assert "acknowledged by" in seen.stdout
    assert muted["muted_until"] is not None
    assert (noted["note"], noted["status"]) == ("back on Monday", "FAIL")
    assert f"alert {late['id']} on freshness is quiet: back on Monday" in mktdash("--stored").stdout


@pytest.mark.parametrize(
    ("words", "error"), [(("ack", "999"), NotFoundError), (("note", "1", "  "), InvalidInputError)]
)
def test_answers_that_make_no_sense_fail(mktdash, words, error):
    done = mktdash(*words)

    assert done.exit_code != 0
    assert isinstance(done.exception, error)


async def test_gauges_show_the_verdicts_and_forget_what_is_gone(sqlite_engine):
    async with write_transaction(sqlite_engine) as conn:
        await conn.execute(
            insert(Dataset).values(
                key="lost",
                title="lost",
                source="test",
                calendar="NO_SUCH_MARKET",
                timezone="UTC",
                fixing_time="00:00",
                publish_delay_s=0,
                grace_s=0,
                licence="",
                simulated=False,
                version=0,
            )
        )
    quality_gauges.STATUS.labels("gone", "freshness").set(3)
    await run_quality(sqlite_engine, clock=system_clock, code_sha="abc123")

    async with read_transaction(sqlite_engine) as conn:
        await quality_gauges.refresh(conn, system_clock())

    shown = {
        tuple(sample.labels.values()): sample.value
        for metric in quality_gauges.STATUS.collect()
        for sample in metric.samples
    }
    assert shown["lost", "freshness"] == quality_gauges.LEVELS["UNKNOWN"]
    assert ("gone", "freshness") not in shown
