"""What happens where there is no browser."""

from __future__ import annotations

import os
import sys

import pytest

from tests.browser.chromium import REMEDY
from tests.paths import ROOT
from tests.waiting import ran

ONE = "tests/browser/test_report_page.py::test_nothing_moves_by_itself"


@pytest.mark.parametrize(("required", "code", "word"), [("", 0, "skipped"), ("1", 1, "error")])
def test_a_missing_browser_is_said_with_its_remedy_and_fails_only_where_it_is_required(
    tmp_path, required, code, word
):
    environment = os.environ | {"PATH": str(tmp_path), "GANKIT_REQUIRE_BROWSER": required}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ONE]
    done = ran(words, "a test of the page", cwd=ROOT, env=environment)
    assert done.returncode == code, done.stdout
    assert f"1 {word}" in done.stdout.splitlines()[-1]
    assert REMEDY in done.stdout
    assert "chromium" in done.stdout
