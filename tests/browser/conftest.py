"""One browser for all tests here; without one they are skipped and say how to install it."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.browser import axe
from tests.browser.chromium import REMEDY, Chromium, lacking, leave_out


@pytest.fixture(scope="package")
def started_chromium():
    """Start the browser; it ends after the last test here, and slows no other down."""
    if gone := lacking():
        leave_out(f"no {', '.join(gone)}: {REMEDY}")
    started = Chromium()
    yield started
    started.close()


@pytest.fixture
def axe_faults(browser):
    """Return a function of what axe-core finds serious or critical in the browser's page."""
    if not find_spec(axe.PACKAGE):
        leave_out(f"no axe-core: {axe.REMEDY}")
    return lambda: axe.faults(browser)


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
