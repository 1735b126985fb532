"""One browser for all tests here; without one they are skipped and say how to install it."""

from __future__ import annotations

import os

import pytest

from tests.browser.chromium import REMEDY, Chromium, lacking


@pytest.fixture(scope="package")
def started_chromium():
    """Start the browser; it ends after the last test here, and slows no other down."""
    if gone := lacking():
        said = f"no {', '.join(gone)}: {REMEDY}"
        if os.environ.get("GANKIT_REQUIRE_BROWSER") == "1":
            pytest.fail(f"a browser is required; {said}", pytrace=False)
        pytest.skip(said)
    started = Chromium()
    yield started
    started.close()


@pytest.fixture
def chromium(started_chromium):
    """Return the browser, restarted if the last test crashed it."""
    if not started_chromium.is_alive():
        started_chromium.restart()
    return started_chromium


@pytest.fixture
def browser(chromium):
    """Return the browser for one test, after which its console must have no messages."""
    yield chromium
    assert chromium.complaints() == []
