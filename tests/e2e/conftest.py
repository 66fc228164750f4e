"""One running mktdash for all end-to-end tests, and a Chromium for each module that looks at its page."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect, sync_playwright
from tests.e2e.held import Held
from tests.e2e.running import Running

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
# A browser of ours asks nobody but us: every background request of its own is switched off.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A busy machine may take its time; what is never to come is not waited for.
_MOST_MS = 60_000
expect.set_options(timeout=_MOST_MS)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def pytest_configure(config):
    """Load the stores' fixtures once, whichever folder asks first."""
    config.pluginmanager.import_plugin("tests.factories.stores.fixtures")


def pytest_collection_modifyitems(items):
    """Judge last what is held in the background all the while."""
    items.sort(key=lambda item: item.get_closest_marker("held") is not None)


@pytest.fixture(scope="session", autouse=True)
def held(request, tmp_path_factory):
    """Streams that are opened before the first end-to-end test, where a test will ask at its end how they went."""
    if not any(item.get_closest_marker("held") for item in request.session.items):
        yield None
        return
    streams = Held(tmp_path_factory.mktemp("held") / "home")
    yield streams
    streams.close()


@pytest.fixture(scope="session")
def mktdash(tmp_path_factory):
    """The real thing with the recorded ECB history and the simulated market."""
    with Running(tmp_path_factory.mktemp("end to end") / "home") as running:
        running.wait_for_line("ready: ")
        running.judged("EURUSD", "SIM.ALPHA")
        yield running


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium: CHROME_PATH, else one on PATH, else Playwright's own.

    While Playwright is open, its loop counts as running and no asynchronous test can; so it lives for a module of
    synchronous tests, not longer.
    """
    with sync_playwright() as playwright:
        path = os.environ.get("CHROME_PATH") or next(filter(None, map(shutil.which, _CHROMIUMS)), None)
        path = path or playwright.chromium.executable_path
        if not path or not Path(path).exists():
            pytest.skip("NO BROWSER TESTS: there is no Chromium here (install one, or set CHROME_PATH)")
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS, timeout=5 * _MOST_MS)
        yield browser
        browser.close()


class Faults(list):
    """What a page complained of in its console; a test that expects complaints clears them."""


@pytest.fixture
def faults():
    """Every error of the page under test."""
    return Faults()


@pytest.fixture
def open_context(browser, faults):
    """Makes a browser context of a size; complaints of its pages fail the test."""
    contexts = []

    def open_one(size, **options):
        context = browser.new_context(viewport=size, **options)
        context.set_default_timeout(_MOST_MS)
        contexts.append(context)
        context.on("console", lambda message: message.type == "error" and faults.append(message.text))
        context.on("weberror", lambda error: faults.append(str(error.error)))
        return context

    yield open_one
    for context in contexts:
        try:
            context.close()
        except Error as error:
            faults.append(str(error))
    assert not faults


@pytest.fixture(params=[pytest.param(PHONE, id="phone"), pytest.param(DESK, id="desk")])
def page(request, open_context, mktdash):
    """A page opened by the link that a start prints, once on a phone and once on a desk."""
    page = open_context(request.param).new_page()
    page.goto(mktdash.link)
    return page


@pytest.fixture
def phone(open_context, mktdash):
    """A page opened by the link that a start prints, on a phone."""
    page = open_context(PHONE).new_page()
    page.goto(mktdash.link)
    return page
