"""The documentation in a real browser: accessibility, the keyboard, search without a network."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.chromium import PHONE

NARROW = (800, 740)
"""A window in which the menu and the contents of the page are behind buttons."""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture(scope="module")
def site(built_docs):
    """Return the address of the documentation on a server of this machine."""
    handler = functools.partial(Quiet, directory=str(built_docs))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("scheme", "first"), [("light", 0), ("dark", 1)])
def test_axe_finds_nothing_serious_on_any_page(
    browser, axe_faults, site, built_docs, scheme, first
):
    pages = sorted(str(path.relative_to(built_docs)) for path in built_docs.rglob("*.html"))
    assert "index.html" in pages
    for page in pages[first::2]:  # One page takes a second; all have the same style.
        browser.open_address(f"{site}{page}", prefers_color_scheme=scheme)
        assert (page, axe_faults()) == (page, [])


def test_the_shipped_generator_is_explored_on_a_page_of_its_own(browser, axe_faults, site):
    browser.open_address(f"{site}pretrained.html")
    browser.find('a[href="demo.html"]').click()
    browser.wait(lambda: browser.all("[aria-busy=false]"), "the images")
    assert browser.find("h1").text == "Digits of gankit"
    assert "gankit sample pretrained:digits -n 12" in browser.find("body").text
    assert axe_faults() == []
    reached, unseen, missed = browser.tab_through()
    assert (unseen, missed) == ([], [])
    assert len(reached) > 15


@pytest.mark.parametrize("size", [(1400, 740), NARROW])
def test_the_tab_key_reaches_every_control_with_a_visible_focus(browser, site, size):
    browser.open_address(f"{site}index.html", size)
    reached, unseen, missed = browser.tab_through()
    assert (unseen, missed) == ([], [])
    assert len(reached) > 20


def test_the_menu_of_a_narrow_window_opens_by_keyboard(browser, site):
    browser.open_address(f"{site}index.html", NARROW)
    link = browser.find(".sidebar-tree a")
    assert not link.is_displayed()
    browser.press(browser.find("#__navigation"), " ")
    browser.wait(link.is_displayed, "the menu")


def test_wide_code_is_scrolled_by_keyboard(browser, site):
    browser.open_address(f"{site}own-pictures.html", PHONE)
    wide = "pre[tabindex='0']"
    browser.press(browser.find(wide), "\ue014")
    scrolled = "return document.querySelector(arguments[0]).scrollLeft > 0"
    browser.wait(lambda: browser.run(scrolled, wide), "the code to move")


def test_the_search_finds_a_page_and_asks_only_its_own_server(browser, site):
    browser.requests()
    browser.open_address(f"{site}search.html?q=truncation")
    # The results appear one after another.
    browser.wait(lambda: "Pictures" in browser.find("#search-results").text, "the page Pictures")
    asked = [url for url in browser.requests() if not url.startswith("data:")]
    assert asked
    assert all(url.startswith(site) for url in asked)
