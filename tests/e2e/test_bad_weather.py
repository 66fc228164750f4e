"""No state of the device, the network or another version leaves a page without words, in a real browser."""

import re

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import PHONE

pytestmark = pytest.mark.browser

ROUTES = ("/", "/series/EURUSD?source=ecb", "/quality", "/reports")
RUBBISH = ('{"a":1}', "not json", "[[[]]]", "null")
WRONG_ANSWERS = {
    "500": {"status": 500, "body": "no"},
    "401": {"status": 401, "body": "{}"},
    "429": {"status": 429, "headers": {"retry-after": "7"}, "body": "{}"},
    "no JSON": {"status": 200, "body": "<html>"},
    "no data": {"status": 200, "content_type": "application/json", "body": '{"data":{}}'},
    "a list": {"status": 200, "content_type": "application/json", "body": '{"data":[]}'},
    "null": {"status": 200, "content_type": "application/json", "body": '{"data":null,"errors":[{"message":"x"}]}'},
}
# Of a page that has words there are more than its navigation and the link to skip it.
WORDS = """() => {
  const said = (document.body?.innerText ?? "").replace(/\\s+/g, " ").trim();
  const main = (document.querySelector("main")?.innerText ?? said).replace(/\\s+/g, " ").trim();
  return said.length > 60 && main.length > 20 ? said : null;
}"""
CODE_SPEAKS = re.compile(r"Cannot read|undefined is not|\[object|is not a function")


def words(page):
    """What stands on the screen, once something does."""
    said = page.wait_for_function(WORDS).json_value()
    assert not CODE_SPEAKS.search(said), said
    return said


@pytest.fixture
def known(open_context, mktdash, faults):
    """A phone that has read all there is; complaints in the console are what these tests are about."""
    context = open_context(PHONE)
    page = context.new_page()
    page.goto(mktdash.link)
    for route in ROUTES:
        page.goto(mktdash.url + route)
        words(page)
    yield page
    faults.clear()


@pytest.fixture
def without(open_context, mktdash, faults):
    """Opens pages of a context to which something does not come as it should; no worker keeps files there."""
    opened = []

    def open_one(pattern, **answer):
        context = open_context(PHONE, service_workers="block")
        opened.append(context)
        page = context.new_page()
        page.goto(mktdash.link)
        words(page)
        context.route(pattern, lambda route: route.fulfill(**answer))
        return page

    yield open_one
    for context in opened:
        # What is still asked for when its page closes is of no interest.
        context.unroute_all(behavior="ignoreErrors")
    faults.clear()


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_in_what_the_device_keeps_is_nothing_kept(known, mktdash, rubbish):
    for route in ROUTES:
        known.goto(mktdash.url + route)
        words(known)
        known.evaluate(
            "text => [...Object.keys(localStorage), 'mktdash:stars'].forEach(k => localStorage.setItem(k, text))",
            rubbish,
        )
        known.reload()
        words(known)


def test_a_script_or_style_sheet_that_does_not_come_leaves_words(known, without, mktdash):
    known.goto(mktdash.url + ROUTES[1])
    expect(known.locator("canvas").first).to_be_visible()
    names = known.evaluate(
        "performance.getEntriesByType('resource').map(e => e.name).filter(n => /\\.(js|css)(\\?|$)/.test(n))"
    )
    assert len(names) > 3
    for name in sorted(set(names)):
        page = without(name, status=404, body="")
        for route in ROUTES[:2]:
            page.goto(mktdash.url + route)
            said = page.wait_for_function("() => document.body.innerText.trim().length > 40 && document.body.innerText")
            assert said.json_value()


def test_a_page_whose_program_does_not_come_says_so_to_people(without, mktdash):
    page = without("**/assets/index-*.js", status=404, body="")
    page.goto(mktdash.url)

    expect(page.get_by_text("could not start: its script did not load")).to_be_visible()
    page.wait_for_function("() => getComputedStyle(document.querySelector('.boot')).opacity === '1'")


@pytest.mark.parametrize("what", WRONG_ANSWERS)
def test_an_answer_that_is_none_leaves_words_on_every_route(without, mktdash, what):
    page = without("**/graphql*", **WRONG_ANSWERS[what])
    for route in ROUTES:
        page.goto(mktdash.url + route)
        words(page)


def test_a_panel_that_fails_leaves_the_others_and_a_way_on(without, mktdash):
    # The points of the chart have another form than the document says they have.
    page = without("**/never", status=404)
    page.context.route("**/graphql*", _with_broken_points)
    page.goto(mktdash.url + ROUTES[1])

    expect(page.get_by_role("alert").filter(has_text="failed").first).to_be_visible()
    expect(page.get_by_role("button", name="Retry").first).to_be_visible()
    expect(page.get_by_role("link", name="Quality")).to_be_visible()


def _with_broken_points(route):
    answer = route.fetch()
    body = answer.text().replace('"asOf":[', '"asOf":7,"was":[') if answer.ok else answer.text()
    route.fulfill(response=answer, body=body)
