"""What a person sees and does, in a real browser, against the real thing."""

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import DESK, PHONE

pytestmark = pytest.mark.browser

LATEST = "query($s: String!) { series(symbol: $s) { unit { name } latest { value session } } }"
NARROWEST = {"width": 360, "height": 740}


def row(page, symbol):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=symbol, exact=True))


def first_number(text):
    return float(re.search(r"\d[\d,]*\.\d+", text)[0].replace(",", ""))


def test_the_link_opens_the_watchlist_with_real_rates_and_keeps_no_token(page, mktdash):
    # given
    latest = mktdash.graphql(LATEST, {"s": "EURUSD"})["series"]["latest"]
    # when
    found = row(page, "EURUSD")
    # then
    expect(found).to_contain_text("Euro / US dollar")
    expect(found).to_contain_text(latest["session"])
    expect(found).to_contain_text(f"{latest['value']:.4f}")
    assert "token" not in page.url
    assert page.get_by_role("row").count() > 30


def test_a_late_dataset_is_said_once_above_its_rows_and_why(page, mktdash):
    # given
    said = mktdash.graphql(_SAID)["datasets"]
    late = next(dataset for dataset in said if dataset["source"] == "ecb")
    assert late["quality"]["status"] == "FAIL"
    assert late["seriesCount"] == 41
    # when
    lines = page.locator(".dataset-line")
    # then: why, and that its source was not reached
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("Fail")
    expect(lines).to_contain_text(late["quality"]["freshness"]["summary"])
    expect(lines).to_contain_text("the network is switched off")
    # and: the rows have its mark, and not the word again
    expect(row(page, "EURUSD").locator(".status.fail")).to_have_count(2)
    assert page.locator("main").inner_text().count("Fail") == 1
    # and: it leaves the first screen to the rows, two lines at the most
    assert lines.evaluate("it => it.clientHeight <= 2.2 * parseFloat(getComputedStyle(it).lineHeight)")
    expect(page.get_by_role("row").nth(5)).to_be_in_viewport()


_SAID = "{ datasets { source seriesCount quality { status freshness { summary } } } }"


def test_a_row_opens_its_series_with_chart_quality_and_provenance(page, mktdash):
    # given
    latest = mktdash.graphql(LATEST, {"s": "EURUSD"})["series"]["latest"]
    # when
    row(page, "EURUSD").get_by_role("link", name="EURUSD", exact=True).click()
    # then
    expect(page.get_by_role("heading", name="EURUSD", level=1)).to_be_visible()
    expect(page.get_by_text(f"{latest['value']:.4f}").first).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    assert inked(page.locator("canvas").first)
    quality = page.get_by_role("region", name="Quality")
    expect(quality.get_by_text(re.compile("Freshness")).first).to_be_visible()
    expect(quality.get_by_text(re.compile("Completeness")).first).to_be_visible()
    provenance = page.get_by_role("region", name="Provenance")
    expect(provenance.get_by_text(re.compile("^[0-9a-f]{64}$"))).to_be_visible()
    expect(provenance).to_contain_text("221,702 new")


def inked(canvas):
    """How many pixels of a chart are drawn, once some are or a minute has passed."""
    return canvas.evaluate(_INKED)


_INKED = """async (c) => {
  const inked = () =>
    c.getContext("2d").getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v).length;
  const until = performance.now() + 60_000;
  while (performance.now() < until && !inked()) await new Promise(requestAnimationFrame);
  return inked();
}"""


def test_the_raw_file_of_a_value_comes_down_with_the_hash_that_is_shown(phone):
    # given
    phone.goto(phone.url.rstrip("/") + "/series/EURUSD")
    provenance = phone.get_by_role("region", name="Provenance")
    shown = provenance.get_by_text(re.compile("^[0-9a-f]{64}$")).inner_text()
    # when
    with phone.expect_download() as download:
        provenance.get_by_role("link", name=re.compile("Raw file")).click()
    # then
    assert hashlib.sha256(Path(download.value.path()).read_bytes()).hexdigest() == shown


def test_simulated_values_tick_without_a_reload_and_say_what_they_are(page):
    # given
    page.evaluate("window.untouched = true")
    page.get_by_role("searchbox").fill("SIM.")
    tick = row(page, "SIM.ALPHA")
    before = tick.inner_text()
    # when
    page.wait_for_function(
        "before => [...document.querySelectorAll('tr')].find(r => r.textContent.includes('SIM.ALPHA'))?.innerText"
        " !== before",
        arg=before,
    )
    # then
    assert page.evaluate("window.untouched") is True
    expect(tick).to_contain_text(re.compile("simulated", re.IGNORECASE))


def test_a_report_is_asked_for_shows_its_way_and_gives_its_files(page, mktdash):
    # given
    page.get_by_role("link", name="Reports").first.click()
    page.get_by_label("Symbols").fill("EURUSD, EURGBP")
    # when
    page.get_by_role("button", name="Request report").click()
    # then
    expect(page.get_by_role("heading", name="Report", level=1)).to_be_visible()
    expect(page.get_by_text("Ready", exact=True)).to_be_visible(timeout=120_000)
    begins = {"PDF": b"%PDF-", "HTML": b"<!doctype html", "CSV": b""}
    for name, start in begins.items():
        link = page.get_by_role("link", name=re.compile(name))
        answer = page.context.request.get(mktdash.url + link.get_attribute("href"))
        assert answer.ok
        assert answer.body()[:20].lower().startswith(start.lower())
        assert name != "CSV" or b"EURUSD" in answer.body()


def test_without_a_token_this_machine_may_read_and_is_told_what_writing_needs(open_context, mktdash):
    # given
    page = open_context(PHONE).new_page()
    # when
    page.goto(mktdash.url)
    # then
    expect(row(page, "EURUSD")).to_be_visible()
    page.get_by_role("link", name="Reports").first.click()
    expect(page.get_by_text(re.compile("needs a token"))).to_be_visible()


def test_offline_the_page_stays_says_so_and_comes_back_by_itself(phone, faults):
    # given
    expect(row(phone, "EURUSD")).to_be_visible()
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    # when
    phone.context.set_offline(True)
    # then
    expect(phone.get_by_text("Offline").first).to_be_visible()
    expect(row(phone, "EURUSD")).to_be_visible()
    phone.reload()
    expect(row(phone, "EURUSD")).to_be_visible()
    expect(phone.get_by_text("Offline").first).to_be_visible()
    # and back
    phone.context.set_offline(False)
    expect(phone.get_by_text(re.compile(r"^Live, last tick \d+ s ago$"))).to_be_visible()
    # A browser reports each request that found no network; nothing else may be wrong.
    assert all("ERR_INTERNET_DISCONNECTED" in fault for fault in faults)
    faults.clear()


@pytest.mark.parametrize("path", ["/", "/series/EURUSD", "/series/SIM.ALPHA", "/quality", "/reports", "/nowhere"])
def test_nothing_is_wider_than_the_narrowest_phone(open_context, mktdash, path):
    # given
    page = open_context(NARROWEST).new_page()
    page.goto(mktdash.link)
    # when
    page.goto(mktdash.url + path)
    page.wait_for_load_state("networkidle" if path == "/nowhere" else "load")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    # then
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]


def test_an_unknown_symbol_is_said_with_names_that_are_near(phone, mktdash):
    # given / when
    phone.goto(f"{mktdash.url}/series/EURUSDD")
    # then
    expect(phone.get_by_role("alert").first).to_contain_text("EURUSDD")
    expect(phone.get_by_role("alert").first).to_contain_text("EURUSD ")


def test_everything_is_reached_by_the_keyboard(open_context, mktdash):
    # given
    page = open_context(DESK).new_page()
    page.goto(mktdash.link)
    expect(row(page, "EURUSD")).to_be_visible()
    # when: the first stop skips the navigation
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    # then: search, filter and open a row without the mouse
    walk_to(page, "Search symbols and names")
    page.keyboard.type("EURUSD")
    expect(row(page, "EURGBP")).to_have_count(0)
    walk_to(page, "EURUSD")
    assert visible_focus(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="EURUSD", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="one month")).to_be_visible()
    walk_to(page, "1M, one month")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="one month")).to_have_attribute("aria-pressed", "true")


_NAME = """() => {
  const it = document.activeElement;
  const label = it.labels?.[0]?.textContent ?? "";
  return (it.getAttribute("aria-label") || label || it.textContent || "").trim();
}"""


def focused(page):
    return page.evaluate(_NAME)


def walk_to(page, name):
    """Press Tab until something of this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"Tab does not lead to {name!r}")


def visible_focus(page):
    """Whether what has the focus shows it."""
    style = page.evaluate("(s => [s.outlineStyle, s.boxShadow])(getComputedStyle(document.activeElement))")
    return style != ["none", "none"]


def test_queries_and_subscriptions_are_written_and_run_in_graphiql(open_context, mktdash):
    # given: nothing from elsewhere can be loaded, and a complaint in the console fails the test
    page = open_context(DESK).new_page()
    page.goto(mktdash.link)
    page.goto(mktdash.url + "/graphql")
    # It is a menu as soon as the editor has read that there are two operations.
    run = page.get_by_label(re.compile("Execute query")).and_(page.locator("[aria-haspopup=menu]"))
    answer = page.get_by_role("region", name="Result Window")
    # when
    run.click()
    page.get_by_role("menuitem", name="Series").click()
    # then
    expect(answer).to_contain_text('"name": "USD"')
    # when
    run.click()
    page.get_by_role("menuitem", name="Live").click()
    # then
    expect(answer).to_contain_text('"symbol": "SIM.ALPHA"')
    # and: the schema is described
    page.get_by_role("button", name="Show Documentation Explorer").click()
    page.get_by_role("link", name="Subscription", exact=True).click()
    expect(page.get_by_text("New, revised and retracted observations.")).to_be_visible()
