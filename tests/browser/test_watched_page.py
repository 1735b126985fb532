"""A watched report in a real browser: it is renewed, and keeps what its reader looks at."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.runs import LossLog
from gankit.visual import images
from tests.report_runs import make_run, picture
from tests.watched import served


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "mine")


@pytest.fixture
def server(run):
    with served(run) as server:
        yield server


def open_page(browser, server):
    browser.open_address(server.address)
    return browser.run("return document.getElementById('watched').dataset.mark")


def train(run, step):
    """Append losses and a grid, as training does."""
    log = LossLog(run.losses)
    log.append(step - 10, np.ones((10, 2)))
    log.close()
    images.write_png(run.sample_path(step), picture(step))


def renewed(browser, mark):
    """Wait until the page is another one."""
    script = "return document.getElementById('watched')?.dataset.mark"
    browser.wait(lambda: browser.run(script) not in (mark, None), "the renewed page", 30)


def shown(browser):
    return browser.find("#step-text").text


def test_a_page_at_its_last_grid_shows_the_next_one(browser, server, run):
    mark = open_page(browser, server)
    assert shown(browser) == "after step 30"
    train(run, 40)
    renewed(browser, mark)
    assert shown(browser) == "after step 40"


def test_slider_scroll_focus_and_open_parts_stay(browser, server, run):
    mark = open_page(browser, server)
    browser.run(
        "const slider = document.getElementById('step');"
        "slider.value = 1; slider.dispatchEvent(new Event('input')); slider.focus();"
        "document.querySelectorAll('details').forEach((part) => { part.open = true; });"
        "window.scrollTo(0, 321);"
    )
    train(run, 40)
    renewed(browser, mark)
    assert shown(browser) == "after step 20"
    browser.wait(lambda: browser.run("return window.scrollY") == 321, "the place on the page")
    assert browser.run("return document.activeElement.id") == "step"
    opened = "return Array.from(document.querySelectorAll('details')).every((part) => part.open)"
    assert browser.run(opened)


def test_a_page_that_plays_is_not_renewed(browser, server, run):
    mark = open_page(browser, server)
    browser.run("window.grids = null; document.getElementById('step').value = 0;")
    browser.find("#play").click()
    train(run, 40)
    assert browser.run("return document.getElementById('watched').dataset.mark") == mark
    renewed(browser, mark)  # After the last grid.


def test_the_end_of_the_command_is_said(chromium, server):
    open_page(chromium, server)
    server.shutdown()
    server.server_close()
    note = chromium.find("#watched")
    chromium.wait(lambda: "The command has ended" in note.text, "the note", 30)
    assert all("/mark" in line for line in chromium.complaints())  # The refused connection.


def test_the_page_asks_only_its_own_server(browser, server):
    browser.requests()
    open_page(browser, server)
    browser.wait(
        lambda: f"{server.address}mark" in (asked := browser.requests()) or not asked, "a request"
    )
    refused = """
        const [done] = [arguments[arguments.length - 1]];
        fetch("http://127.0.0.1:9/").then(() => done("answered"), () => done("refused"));"""
    assert browser.driver.execute_async_script(refused) == "refused"
    assert any("Content Security Policy" in line for line in browser.complaints())
