"""Tests that passed in an earlier suite are recorded, and not run again in a later one.

As a plugin of pytest. A test that was skipped or failed is not among them, nor a case that the
earlier suite did not have, such as another backend.
"""

from __future__ import annotations

import os
from pathlib import Path

NOTED = "GANKIT_TEST_NOTE_PASSED"
"""In the environment: the file in which this run's tests are noted as they pass."""
KNOWN = "GANKIT_TEST_PASSED"
"""In the environment: the file of those that need not be run again."""


def pytest_configure(config):
    """Record the tests that pass, if requested; worker processes report to the first process."""
    if (path := os.environ.get(NOTED)) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Notes(Path(path)))


class Notes:
    """A plugin that writes down the name of each test that passes."""

    def __init__(self, path):
        self.path = path

    def pytest_runtest_logreport(self, report):
        """Add a line if the test itself, not its setup, has passed."""
        if report.when == "call" and report.passed:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{report.nodeid}\n")


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that have passed already."""
    if path := os.environ.get(KNOWN):
        known = set(Path(path).read_text("utf-8").split("\n"))
        left_out = [item for item in items if item.nodeid in known]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.nodeid not in known]
