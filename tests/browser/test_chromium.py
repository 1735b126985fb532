"""A missing browser, and a browser whose tab crashes."""

from __future__ import annotations

import os
import sys

import pytest

from tests.browser.chromium import REMEDY, leave_out
from tests.paths import ROOT
from tests.waiting import ran

ONE = "tests/browser/test_report_page.py::test_nothing_moves_without_input"


@pytest.mark.parametrize(("required", "code", "word"), [("", 0, "skipped"), ("1", 1, "error")])
def test_a_missing_browser_skips_with_a_remedy_and_fails_only_if_required(
    tmp_path, required, code, word
):
    environment = os.environ | {"PATH": str(tmp_path), "GANKIT_REQUIRE_BROWSER": required}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ONE]
    done = ran(words, "a test of the page", cwd=ROOT, env=environment)
    assert done.returncode == code, done.stdout
    assert f"1 {word}" in done.stdout.splitlines()[-1]
    assert REMEDY in done.stdout
    assert "chromium" in done.stdout


def test_a_crashed_tab_is_detected_and_the_next_test_gets_a_new_browser(chromium, tmp_path):
    from selenium.common.exceptions import WebDriverException

    with pytest.raises(WebDriverException, match="tab crashed"):
        chromium.driver.get("chrome://crash")
    assert not chromium.is_alive()
    chromium.restart()
    assert chromium.is_alive()
    (tmp_path / "page.html").write_text("<h1>here</h1>", "utf-8")
    chromium.open(tmp_path / "page.html")
    assert chromium.find("h1").text == "here"


@pytest.mark.parametrize(
    ("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_without_a_tool_a_test_is_skipped_and_fails_only_if_required(
    monkeypatch, required, outcome
):
    monkeypatch.setenv("GANKIT_REQUIRE_BROWSER", required)
    with pytest.raises(outcome, match="no axe-core"):
        leave_out("no axe-core")


def test_axe_finds_what_is_serious(browser, axe_faults, tmp_path):
    (tmp_path / "page.html").write_text('<html lang="en"><title>a</title><img src="">', "utf-8")
    browser.open(tmp_path / "page.html")
    assert axe_faults() == ["critical: image-alt at ['img']"]
