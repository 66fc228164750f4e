"""``mktdash doctor``: each thing that is wrong is one sentence with what to do; success only where all is well."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, scripted
from typer.testing import CliRunner

from mktdash.cli.diagnosis import disk, examine, settings_shown
from mktdash.cli.main import app
from mktdash.domain.clock import to_micros
from mktdash.ingest.transactions import TransactionSize
from mktdash.resources import open_resources
from mktdash.settings import Settings
from mktdash.store.catalogue.datasets import mark_checked
from mktdash.store.engine.schema import downgrade
from mktdash.store.engine.session import write_transaction
from mktdash.store.live.heartbeats import BeatRow, beat

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
STATE = {"circuit": "closed", "failures": 0, "last_error": None, "retry_at": None, "role": "active"}


@pytest.fixture
async def resources(engine, redis_url, tmp_path):
    settings = Settings(
        home=tmp_path,
        database_url=SecretStr(engine.url.render_as_string(hide_password=False)),
        redis_url=SecretStr(redis_url),
        sources=("scripted",),
    )
    async with open_resources(settings, lambda: NOW) as opened:
        yield opened


async def alive(engine, kind, *, ago=1.0, **detail):
    now = to_micros(NOW - timedelta(seconds=ago))
    await beat(engine, BeatRow(kind, kind, "h", 7, now, now, detail))


async def all_alive(engine, **state):
    for kind in ("web", "worker"):
        await alive(engine, kind)
    await alive(engine, "feed", sources={"scripted": STATE | state})


async def wrong(resources):
    return {one.part: one.says for one in await examine(resources) if not one.ok}


async def ingested(engine):
    return await ingest(engine, scripted({"AAA": {n: float(n) for n in range(1, 9)}}, NOW), ScriptedProvider(4))


async def test_where_all_is_well_nothing_is_wrong(resources):
    await all_alive(resources.engine)
    await ingested(resources.engine)
    assert await wrong(resources) == {}


async def test_processes_that_are_missing_or_silent_are_named_with_their_command(resources):
    await alive(resources.engine, "web")
    await alive(resources.engine, "worker", ago=40)
    found = await wrong(resources)
    assert "no heartbeat for 40 s" in found["process worker"]
    assert "`mktdash feed`" in found["process feed"]
    assert "source scripted" not in found
    await alive(resources.engine, "feed", sources={})
    assert "no feed runs it" in (await wrong(resources))["source scripted"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"circuit": "open", "failures": 5, "last_error": "no route", "retry_at": "2026-11-02T12:05:00Z"}, "no route"),
        ({"poll_failures": 2, "poll_error": "an HTML page", "next_poll_at": "2026-11-02T12:01:00Z"}, "an HTML page"),
    ],
)
async def test_a_source_that_fails_says_why_and_until_when(resources, state, words):
    await all_alive(resources.engine, **state)
    found = await wrong(resources)
    assert list(found) == ["source scripted"]
    assert words in found["source scripted"]
    assert "2026-11-02T12:0" in found["source scripted"]


async def test_a_dataset_whose_last_look_failed_is_named(resources):
    await all_alive(resources.engine)
    await ingested(resources.engine)
    async with write_transaction(resources.engine) as conn:
        await mark_checked(conn, "scripted-daily", to_micros(NOW), "the source is away")
    assert "the source is away" in (await wrong(resources))["dataset scripted-daily"]
    async with write_transaction(resources.engine) as conn:
        await mark_checked(conn, "scripted-daily", to_micros(NOW) + 1)
    assert await wrong(resources) == {}


async def test_an_interrupted_batch_is_named_after_a_while(resources):

    class Interrupted(ScriptedProvider):
        readings = 0

        def parse(self, payload):
            self.readings += 1
            # The other reading is the one that looks ahead.
            merging = self.readings == 1
            yield from list(super().parse(payload))[: 3 if merging else None]
            if merging:
                raise KeyError

    await all_alive(resources.engine)
    with pytest.raises(KeyError):
        await ingest(
            resources.engine,
            scripted({"AAA": {n: float(n) for n in range(1, 9)}}, NOW - timedelta(hours=1)),
            Interrupted(4),
            size=TransactionSize(rows=2, part=1),
        )
    assert "mktdash replay --source scripted" in (await wrong(resources))["batch"]


async def test_a_database_of_another_schema_says_which_and_what_to_do(resources):
    await downgrade(resources.engine, "base")
    assert "run `mktdash db upgrade`" in (await wrong(resources))["database"]


async def test_a_database_and_a_redis_that_are_away_are_one_sentence_each(resources, tmp_path):
    await resources.engine.dispose()
    settings = Settings(
        home=tmp_path,
        database_url=SecretStr("postgresql://joe:hunter2@127.0.0.1:1/none"),
        redis_url=SecretStr("redis://:hunter2@127.0.0.1:1/0"),
    )
    async with open_resources(settings, lambda: NOW) as away:
        found = await wrong(away)
    assert set(found) == {"database", "redis"}
    assert "hunter2" not in str(found)


async def test_no_room_on_disk_is_a_problem(tmp_path):
    assert disk(tmp_path, least=1).ok
    assert "make room" in disk(tmp_path, least=1 << 62).says


def test_passwords_are_hidden():
    settings = Settings(database_url=SecretStr("postgresql://joe:hunter2@db/x"), redis_url=SecretStr("hunter2"))
    shown = settings_shown(settings)
    assert shown["database_url"] == "postgresql://joe:***@db/x"
    assert "hunter2" not in json.dumps(shown)


def test_the_command_fails_on_an_empty_home_and_says_so_in_both_forms(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("MKTDASH_HOME", str(tmp_path))
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    result = CliRunner().invoke(app, ["doctor"])
    assert (result.exit_code, "PROBLEM database: there is no database" in result.stdout) == (1, True)
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert told["ok"] is False
    assert {one["part"]: one["ok"] for one in told["findings"]} == {"disk": True, "redis": False, "database": False}
    assert not (tmp_path / "mktdash.db").exists()
