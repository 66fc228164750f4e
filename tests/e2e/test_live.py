"""What the page claims of its own freshness while processes hang, are killed and come back, in a real browser."""

import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import DESK, PHONE
from tests.e2e.running import MKTDASH, Running, environment

pytestmark = pytest.mark.browser

LIVE = re.compile(r"^Live, last tick \d+ s ago$")
NO_ANSWER = re.compile(r"^No answer from the server since \d\d:\d\d:\d\d UTC")
SILENT = re.compile(r"^Silent since \d\d:\d\d:\d\d UTC$")
FEED_SILENT = re.compile(r"^The feed has been silent since \d\d:\d\d:\d\d UTC")
# A page that notices within its own limits does so in half a minute; a machine that stands still takes its time.
NOTICE_MS = 240_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A start of our own: its processes are stopped and killed here."""
    home = tmp_path_factory.mktemp("live") / "home"
    with Running(home) as running:
        running.wait_for_line("ready: ")
        running.judged("EURUSD", "SIM.ALPHA")
        yield running


@pytest.fixture
def open_page(open_context, server):
    """Opens a path of the page with the start's token."""

    def open_one(path, size=PHONE, script=None, **options):
        page = open_context(size, **options).new_page()
        if script:
            page.add_init_script(script)
        page.goto(server.link)
        page.goto(server.url + path)
        return page

    return open_one


@contextmanager
def hung(server, process):
    """A process that takes everything and answers nothing while the block runs."""
    pid = next(pid for pid, command in server.pids().items() if command.strip().endswith(f"mktdash {process}"))
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def ingest(home, name, rows):
    """Take in a file of daily values."""
    file = home.parent / f"{name}.csv"
    mapping = home.parent / f"{name}.json"
    file.write_text("Date,Symbol,Close\n" + "".join(f"{day},{symbol},{value}\n" for day, symbol, value in rows))
    facts = {"dataset": name, "date": "Date", "symbol_column": "Symbol", "value": "Close", "calendar": ""}
    mapping.write_text(json.dumps(facts))
    subprocess.run(
        [*MKTDASH, "ingest", "csv", "--file", file, "--mapping", mapping],
        env=environment(home, 0),
        check=True,
        capture_output=True,
        timeout=300,
    )


def row(page, symbol):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=symbol, exact=True))


def test_a_web_process_that_hangs_is_said_with_its_last_word_and_found_again(open_page, server, faults):
    page = open_page("/series/SIM.ALPHA")
    expect(page.get_by_text(LIVE)).to_be_visible()
    page.evaluate("window.untouched = true")

    with hung(server, "web"):
        expect(page.get_by_text(NO_ANSWER)).to_be_visible(timeout=NOTICE_MS)
        expect(page.get_by_text(LIVE)).to_have_count(0)
        expect(page.get_by_text(re.compile(r"^No answer since \d\d:\d\d:\d\d UTC; last tick "))).to_be_visible()

    expect(page.get_by_text(LIVE)).to_be_visible(timeout=NOTICE_MS)
    expect(page.get_by_text(NO_ANSWER)).to_have_count(0)
    assert page.evaluate("window.untouched") is True
    # A browser reports each request and socket that was given up.
    faults.clear()


def test_a_feed_that_hangs_is_said_on_every_page_and_its_verdicts_count_no_longer(open_page, server):
    series, daily, listed, quality = (open_page(at) for at in ("/series/SIM.ALPHA", "/series/EURUSD", "/", "/quality"))
    expect(series.get_by_text(LIVE)).to_be_visible()
    expect(listed.get_by_text(LIVE)).to_be_visible()
    expect(series.locator(".verdict .status")).not_to_have_text("Unknown")

    with hung(server, "feed"):
        expect(series.get_by_text(SILENT)).to_be_visible(timeout=NOTICE_MS)
        expect(series.locator(".verdict .status")).to_have_text("Unknown", timeout=NOTICE_MS)
        expect(listed.get_by_text(SILENT)).to_be_visible(timeout=NOTICE_MS)
        expect(row(listed, "SIM.ALPHA")).to_contain_text("silent", timeout=NOTICE_MS)
        for page in (series, daily, listed, quality):
            expect(page.get_by_text(FEED_SILENT)).to_be_visible(timeout=NOTICE_MS)
            expect(page.get_by_text(LIVE)).to_have_count(0)
            expect(page.get_by_text("Pass", exact=True)).to_have_count(0)
        unjudged = listed.locator(".dataset-line", has_text="sim-ticks")
        expect(unjudged).to_have_count(1)
        expect(unjudged).to_contain_text("Unknown")
        expect(quality.get_by_text(re.compile("Not checked since .* was PASS")).first).to_be_visible()

    expect(series.get_by_text(LIVE)).to_be_visible(timeout=NOTICE_MS)
    expect(quality.get_by_text(FEED_SILENT)).to_have_count(0, timeout=NOTICE_MS)


SHIFTED = """(() => {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + %d); }
    static now() { return Real.now() + %d; }
  };
})();"""


@pytest.mark.parametrize("hours", [-2, 2])
def test_on_a_device_whose_clock_is_wrong_ages_are_the_servers(open_page, server, hours):
    shift = hours * 3_600_000
    page = open_page("/series/SIM.ALPHA", script=SHIFTED % (shift, shift))

    expect(page.get_by_text(LIVE)).to_be_visible()
    page.goto(server.url + "/quality")
    expect(page.get_by_text(re.compile(r"^(just now|\d+ min ago)$")).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"^(Stale|\d+ h ago|in \d)"))).to_have_count(0)
    page.goto(server.url + "/series/SIM.ALPHA")
    expect(page.get_by_text(LIVE)).to_be_visible()
    with hung(server, "feed"):
        expect(page.get_by_text(SILENT)).to_be_visible(timeout=NOTICE_MS)
        said = page.get_by_text(SILENT).inner_text().removeprefix("Silent since ").removesuffix(" UTC")
    now = datetime.now(UTC)
    then = now.replace(**dict(zip(("hour", "minute", "second"), map(int, said.split(":")), strict=True)))
    assert timedelta() < (now - then) % timedelta(days=1) < timedelta(minutes=30)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("path", ["/series/EURUSD", "/series/NOSUCH", "/quality", "/reports", "/nowhere"])
def test_nothing_is_called_live_that_does_not_tick(open_page, faults, path, size):
    page = open_page(path, size)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)

    assert not re.search(r"\blive\b", page.locator("body").inner_text(), re.IGNORECASE)
    faults.clear()


def test_in_the_past_nothing_is_live_and_no_verdict_of_today_stands_there(open_page, server):
    known = server.graphql('{ series(symbol: "SIM.ALPHA") { latest { knownAt } } }')["series"]["latest"]["knownAt"]
    page = open_page(f"/series/SIM.ALPHA?asKnownAt={known}")

    expect(page.get_by_text("Showing data known at")).to_be_visible()
    expect(page.get_by_role("region", name="Quality")).to_contain_text("Quality checks cover today's data")
    expect(page.locator(".status")).to_have_count(0)
    expect(page.locator(".live")).to_have_count(0)
    page.get_by_role("button", name="Back to now").click()
    expect(page.get_by_text(LIVE)).to_be_visible()
    expect(page.locator(".verdict .status")).to_be_visible()


def test_offline_a_longer_range_draws_what_is_kept_and_says_what_it_needs(open_page, faults):
    page = open_page("/series/EURUSD")
    expect(page.locator("canvas").first).to_be_visible()
    page.get_by_role("button", name="one month").click()
    expect(page.locator(".chart-area.busy")).to_have_count(0)
    page.context.set_offline(True)

    page.get_by_role("button", name="five years").click()

    expect(page.get_by_text("The rest of this range needs the server.")).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    # What was looked at before is still there, and says nothing of that kind.
    page.get_by_role("button", name="one year").click()
    expect(page.get_by_text("The rest of this range needs the server.")).to_have_count(0)
    expect(page.locator("canvas").first).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="five years").click()
    expect(page.get_by_role("button", name="five years")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("The rest of this range needs the server.")).to_have_count(0)
    faults.clear()


def test_starred_series_beyond_the_first_hundred_stay_in_the_list_and_sorting_says_what_it_sorts(open_page, server):
    day = (datetime.now(UTC) - timedelta(days=1)).date()
    ingest(server.home, "many", [(day, f"ZZ{n:03}", n + 1) for n in range(160)])
    page = open_page("/")
    page.evaluate(
        "localStorage.setItem('mktdash:stars', JSON.stringify(['ZZ159|many|price|1d', 'GONE|many|price|1d']))"
    )

    page.reload()

    expect(row(page, "ZZ159")).to_be_visible()
    expect(row(page, "ZZ158")).to_have_count(0)
    expect(page.get_by_text(re.compile(r"Loaded \d+ of \d+ instruments"))).to_be_visible()
    page.get_by_role("button", name="Starred").click()
    expect(page.get_by_role("link", name=re.compile("^ZZ"))).to_have_count(1)


def test_two_files_of_one_symbol_are_two_rows_and_each_opens_its_own_series(open_page, server):
    day = (datetime.now(UTC) - timedelta(days=1)).date()
    for name, value in (("house", 612.25), ("vendor", 99.5)):
        ingest(server.home, name, [(day, "AATWIN", value)])

    for name, value in (("vendor", "99.5"), ("house", "612.25")):
        page = open_page("/")
        expect(row(page, "AATWIN")).to_have_count(2)
        row(page, "AATWIN").filter(has_text=name).get_by_role("link").click()
        expect(page.locator(".headline")).to_contain_text(value)
        expect(page.get_by_role("region", name="Provenance")).to_contain_text(f"{name}.csv")


def test_what_has_ended_is_said_where_an_operator_said_so_and_nowhere_else(open_page, server):
    # given: two series long without a value in a file that goes on, and a file that goes on no more
    day = (datetime.now(UTC) - timedelta(days=1)).date()
    long_ago = day - timedelta(days=400)
    ingest(server.home, "mixed", [(long_ago, "ENDEDX", 1), (long_ago, "SILENTX", 2), (day, "ONX", 3)])
    ingest(server.home, "whole", [(long_ago, "WHOLEX", 4)])
    told = {"mixed": ("--series", "ENDEDX"), "whole": ()}
    for dataset, of in told.items():
        command = [*MKTDASH, "quality", "end", dataset, "--on", str(long_ago), "--reason", f"{dataset} is over", *of]
        subprocess.run(command, env=environment(server.home, 0), check=True, capture_output=True, timeout=300)
    # when
    page = open_page("/", DESK)
    # then
    expect(row(page, "ENDEDX")).to_contain_text(f"Ended on {long_ago}: mixed is over")
    expect(row(page, "WHOLEX")).to_contain_text(f"Ended on {long_ago}: whole is over")
    expect(page.locator(".outdated")).to_contain_text("No recent values")
    expect(page.locator(".outdated")).to_contain_text("SILENTX")
    expect(row(page, "SILENTX")).to_contain_text(str(long_ago))
    expect(page.get_by_text(re.compile("Ended"))).to_have_count(2)
    # and: the series and its dataset say once who said so
    row(page, "WHOLEX").get_by_role("link").click()
    said = re.compile(rf"Ended on {long_ago}: whole is over \(recorded by .+\)")
    expect(page.get_by_role("region", name="Quality").get_by_text(said)).to_have_count(1)
    page.goto(server.url + "/quality")
    expect(page.get_by_role("article").filter(has_text="whole").get_by_text(said)).to_have_count(1)


def test_a_server_that_was_killed_and_comes_back_is_asked_anew_without_a_touch(open_context, tmp_path, faults):
    home = tmp_path / "home"
    day = (datetime.now(UTC) - timedelta(days=9)).date()
    with Running(home) as first:
        first.wait_for_line("ready: ")
        port = first.port
        ingest(home, "mine", [(day, "MYCOIN", 1.25)])
        page = open_context(PHONE).new_page()
        page.goto(first.link)
        page.goto(f"{first.url}/series/MYCOIN")
        expect(page.get_by_text("1.25").first).to_be_visible()
        page.evaluate("window.untouched = true")
        first.stop(signal.SIGKILL)
    expect(page.get_by_text(NO_ANSWER)).to_be_visible(timeout=NOTICE_MS)
    expect(page.get_by_text("1.25").first).to_be_visible()

    ingest(home, "mine", [(day, "MYCOIN", 1.25), (day + timedelta(days=1), "MYCOIN", 1.75)])
    with Running(home, port) as second:
        second.wait_for_line("ready: ")
        expect(page.get_by_text("1.75").first).to_be_visible(timeout=NOTICE_MS)
        expect(page.get_by_text(NO_ANSWER)).to_have_count(0)
        assert page.evaluate("window.untouched") is True
        page.close()
    faults.clear()
