"""Reports on real rates and on scripted ones, built by the runner that workers use, on both engines."""

import asyncio
import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pypdf import PdfReader
from tests.factories.jobs import renderers
from tests.factories.jobs.report_runs import report_now, request_report, run_events
from tests.factories.jobs.runner import runner_over
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted

from mktdash.domain.clock import system_clock, to_micros
from mktdash.domain.errors import NotFoundError
from mktdash.jobs.runner import verdict
from mktdash.jobs.times import QueueTimes
from mktdash.reports.verify import NotFinishedError, SnapshotAmendedError, verify
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs import reports, run_lifecycle
from mktdash.store.tables import ARTIFACTS, REPORTS

QUICK = QueueTimes(heartbeat=0.05, lease=5.0, render=60.0)
TOLD = datetime(2026, 1, 1, tzinfo=UTC)


def runner_on(engine, render=renderers.one_file, **changes):
    return runner_over(engine, render, **({"times": QUICK} | changes))


async def made(engine, render=None, **parameters):
    run = await request_report(engine, parameters)
    await runner_on(engine, render).run(run.id, 0)
    return await report_now(engine, run)


async def body(engine, run, file_format):
    async with read_transaction(engine) as conn:
        return (await reports.artifact(conn, run.id, file_format)).body


async def rows_of(engine, run):
    text = (await body(engine, run, "csv")).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def ingest_later(engine, said, hours):
    """Take in what a scripted source says, known so many hours after the first word."""
    await ingest(engine, scripted(said, TOLD + timedelta(hours=hours)), now=system_clock())


async def test_without_parameters_the_report_shows_what_the_ecb_quotes_over_ninety_days(ecb_engine):
    run = await made(ecb_engine)

    assert (run.state, run.progress, run.code_sha, run.error_code) == ("succeeded", 1.0, "c0de", None)
    # The same on every engine: the hash over the chunks of the twenty-nine series quoted on 2026-10-30.
    assert run.snapshot_id == "4f8b7b23b03d537cf05592d11af9af1959815e4f2089c32ae213103d44b86be1"
    rows = await rows_of(ecb_engine, run)
    assert len({row["symbol"] for row in rows}) == 29
    assert (rows[0]["session"], rows[-1]["session"]) == ("2026-08-03", "2026-10-30")
    dollars = [row for row in rows if row["symbol"] == "EURUSD"]
    assert (dollars[-1]["value"], dollars[-1]["unit"], len(dollars)) == ("1.1172", "USD", 65)
    pdf = PdfReader(io.BytesIO(await body(ecb_engine, run, "pdf")))
    text = "\n".join(page.extract_text() for page in pdf.pages).replace("\xa0", " ")
    for said in ("EURUSD", "1.1172", "1 Aug 2026 to 30 Oct 2026", "not yet computed", run.id, run.snapshot_id):
        assert said in text
    assert "EURRUB" not in text
    html = (await body(ecb_engine, run, "html")).decode()
    assert "Euro / US dollar" in html

    async with read_transaction(ecb_engine) as conn:
        stages = [event.stage for event in await run_events(conn, run.id)]
    assert stages == [
        *("queued", "starting", "snapshot", "reading", "charts"),
        *("rendering pdf", "rendering html", "rendering csv", "storing", "succeeded"),
    ]
    again = await verify(ecb_engine, run.id, "c0de")
    assert (again.same, set(again.formats)) == (True, {"pdf", "html", "csv"})


async def test_the_past_is_reported_as_it_was_quoted_then(ecb_engine):
    run = await made(ecb_engine, to="2007-12-20", days=30)
    symbols = {row["symbol"] for row in await rows_of(ecb_engine, run)}
    assert {"EURCYP", "EURMTL", "EURSKK", "EURUSD"} <= symbols
    assert "EURRON" in symbols
    assert "EURISK" in symbols
    assert "EURSIT" not in symbols


async def test_symbols_are_shown_in_the_order_asked_for_even_when_no_longer_quoted(ecb_engine):
    run = await made(ecb_engine, symbols=["EURRUB", "EURUSD"], title="Two")
    async with read_transaction(ecb_engine) as conn:
        assert (await reports.report_by_id(conn, run.id)).state == "succeeded"
    rows = await rows_of(ecb_engine, run)
    assert {row["symbol"] for row in rows} == {"EURUSD"}
    assert "EURRUB" in (await body(ecb_engine, run, "html")).decode()


async def test_the_same_question_to_the_same_data_has_the_same_snapshot_and_figures(ecb_engine):
    first, second = [await made(ecb_engine, symbols=["EURUSD"], days=30) for _ in range(2)]
    assert first.snapshot_id == second.snapshot_id
    assert await body(ecb_engine, first, "csv") == await body(ecb_engine, second, "csv")


async def test_a_report_can_be_rebuilt_after_its_values_were_revised(engine):
    await ingest_later(engine, {"AAA": {0: 10.0, 1: 11.0, 2: 12.0}}, 0)
    run = await made(engine, symbols=["AAA"])
    await ingest_later(engine, {"AAA": {1: 99.0, 3: 13.0}}, 1)

    assert (await verify(engine, run.id, "c0de")).same
    later = await made(engine, symbols=["AAA"])
    assert later.snapshot_id != run.snapshot_id
    assert [row["value"] for row in await rows_of(engine, later)] == ["10.0", "99.0", "12.0", "13.0"]
    assert [row["value"] for row in await rows_of(engine, run)] == ["10.0", "11.0", "12.0"]


async def test_a_changed_byte_is_found_and_named(engine):
    await ingest_later(engine, {"AAA": {0: 10.0, 1: 11.0}}, 0)
    run = await made(engine, symbols=["AAA"])
    async with write_transaction(engine) as conn:
        query = sa.select(ARTIFACTS.c.body).where(ARTIFACTS.c.run_id == run.id, ARTIFACTS.c.format == "csv")
        changed = bytearray((await conn.execute(query)).scalar_one())
        changed[-3] ^= 1
        where = (ARTIFACTS.c.run_id == run.id, ARTIFACTS.c.format == "csv")
        await conn.execute(sa.update(ARTIFACTS).where(*where).values(body=bytes(changed)))

    result = await verify(engine, run.id, "c0de")
    assert [found.format for found in result.differences] == ["csv"]
    found = result.differences[0]
    assert found.stored == found.rebuilt != found.kept


async def test_a_history_amended_below_the_snapshot_is_refused_and_not_called_a_difference(engine):
    await ingest_later(engine, {"AAA": {0: 10.0, 1: 11.0}}, 0)
    await ingest_later(engine, {"AAA": {2: 12.0}}, 5)
    run = await made(engine, symbols=["AAA"])
    # A vintage of an hour before the snapshot's last word, recorded only now.
    await ingest_later(engine, {"AAA": {0: 77.0}}, 4)
    with pytest.raises(SnapshotAmendedError, match="AAA"):
        await verify(engine, run.id, "c0de")


async def test_a_run_that_has_not_succeeded_or_does_not_exist_cannot_be_verified(engine):
    with pytest.raises(NotFoundError):
        await verify(engine, "none", "c")
    run = await request_report(engine)
    with pytest.raises(NotFinishedError):
        await verify(engine, run.id, "c")


async def test_an_unknown_symbol_is_dead_at_once_with_its_name(ecb_engine):
    run = await made(ecb_engine, symbols=["EURUSX"])
    assert (run.state, run.error_code, run.attempts) == ("dead", "UNKNOWN_SYMBOL", 1)
    assert "EURUSX" in run.error_message


async def test_a_store_without_data_says_so(engine):
    run = await made(engine)
    assert (run.state, run.error_code) == ("dead", "NO_OBSERVATIONS")


async def test_a_period_before_all_data_says_so(ecb_engine):
    run = await made(ecb_engine, to="1990-01-01", days=30)
    assert (run.state, run.error_code) == ("dead", "NO_OBSERVATIONS")


async def test_a_template_that_is_gone_is_dead_at_once(engine):
    run = await request_report(engine)
    async with write_transaction(engine) as conn:
        await conn.execute(sa.update(REPORTS).where(REPORTS.c.id == run.id).values(template="gone"))
    await runner_on(engine).run(run.id, 0)
    assert (await report_now(engine, run)).error_code == "UNKNOWN_TEMPLATE"


async def test_a_report_that_would_be_too_large_is_refused(ecb_engine, monkeypatch):
    monkeypatch.setattr("mktdash.reports.market_summary.build.MOST_OBSERVATIONS", 100)
    run = await made(ecb_engine, symbols=["EURUSD"], days=3000)
    assert (run.state, run.error_code) == ("dead", "REPORT_TOO_LARGE")


async def test_two_runners_never_both_finish_a_run(engine):
    await ingest_later(engine, {"AAA": {0: 10.0, 1: 11.0}}, 0)
    run = await request_report(engine, {"symbols": ["AAA"]})
    runners = [runner_on(engine, worker=f"w{n}") for n in range(3)]
    await asyncio.gather(*(one.run(run.id, 0) for one in runners for _ in range(2)))
    done = await report_now(engine, run)
    assert (done.state, done.attempts) == ("succeeded", 1)
    async with read_transaction(engine) as conn:
        ends = [event for event in await run_events(conn, run.id) if event.state == "succeeded"]
    assert len(ends) == 1


async def test_an_epoch_that_is_over_is_not_run(engine):
    await ingest_later(engine, {"AAA": {0: 10.0, 1: 11.0}}, 0)
    run = await request_report(engine, {"symbols": ["AAA"]})
    await runner_on(engine).run(run.id, 7)
    assert (await report_now(engine, run)).state == "queued"


async def begun(path):
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110 - a file of another process has no event
            await asyncio.sleep(0.02)


async def test_cancelling_a_run_ends_its_renderer(sqlite_engine, tmp_path):
    await ingest_later(sqlite_engine, {"AAA": {0: 10.0, 1: 11.0}}, 0)
    run = await request_report(sqlite_engine, {"symbols": ["AAA"], "title": str(tmp_path / "pid")})
    runner = runner_on(sqlite_engine, renderers.write_pid_and_hang)
    running = asyncio.create_task(runner.run(run.id, 0))
    await begun(tmp_path / "pid")
    async with write_transaction(sqlite_engine) as conn:
        assert await run_lifecycle.cancel(conn, run.id, to_micros(system_clock()))
    await running
    assert ((await report_now(sqlite_engine, run)).state, runner.running) == ("cancelled", [])


async def test_a_runner_that_stops_gives_its_run_back_at_once(sqlite_engine, tmp_path):
    await ingest_later(sqlite_engine, {"AAA": {0: 10.0, 1: 11.0}}, 0)
    run = await request_report(sqlite_engine, {"symbols": ["AAA"], "title": str(tmp_path / "pid")})
    runner = runner_on(sqlite_engine, renderers.write_pid_and_hang)
    running = asyncio.create_task(runner.run(run.id, 0))
    await begun(tmp_path / "pid")
    await runner.stop()
    await asyncio.gather(running, return_exceptions=True)
    back = await report_now(sqlite_engine, run)
    assert (back.state, back.epoch, back.attempts) == ("queued", 1, 0)
    other = runner_on(sqlite_engine, worker="w2")
    await other.run(run.id, 1)
    assert (await report_now(sqlite_engine, run)).state == "succeeded"


async def test_a_report_that_kills_its_renderer_is_tried_alone_and_then_dead(sqlite_engine):
    await ingest_later(sqlite_engine, {"AAA": {0: 10.0, 1: 11.0}}, 0)
    run = await request_report(sqlite_engine, {"symbols": ["AAA"]})
    runner = runner_on(sqlite_engine, renderers.kill_itself)
    seen = []
    for epoch in range(3):
        await runner.run(run.id, epoch)
        now = await report_now(sqlite_engine, run)
        seen.append((now.state, now.crashes, now.error_code))
    assert seen == [
        ("queued", 1, "WORKER_CRASHED"),
        ("queued", 2, "WORKER_CRASHED"),
        ("dead", 3, "WORKER_CRASHED"),
    ]


async def test_a_renderer_that_hangs_is_tried_again_later(sqlite_engine, tmp_path):
    await ingest_later(sqlite_engine, {"AAA": {0: 10.0, 1: 11.0}}, 0)
    run = await request_report(sqlite_engine, {"symbols": ["AAA"], "title": str(tmp_path / "pid")})
    await runner_on(sqlite_engine, renderers.write_pid_and_hang, times=replace(QUICK, render=0.5)).run(run.id, 0)
    back = await report_now(sqlite_engine, run)
    assert (back.state, back.error_code, back.available_at > run.available_at) == ("queued", "RENDER_TIMEOUT", True)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotFoundError("no such", x=1), ("NOT_FOUND", "no such", False)),
        (sa.exc.OperationalError("SELECT secret", {}, OSError()), ("UNAVAILABLE", "the database did not answer", True)),
        (ConnectionError("db.internal"), ("UNAVAILABLE", "the database did not answer", True)),
        (KeyError("secret"), ("INTERNAL", "an unexpected KeyError", True)),
    ],
)
def test_an_error_is_told_without_its_secrets(error, told):
    assert verdict(error) == told
