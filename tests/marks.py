"""`pytest` by itself: what takes long is left out, by the mark `slow`.

As a plugin of pytest. Whoever names files or folders, or says `-m`, gets what was asked for, and
`make test` runs everything.
"""

from __future__ import annotations

import pytest

from tests.paths import TESTS

SLOW = (
    "browser", "cli/test_compare.py", "cli/test_doctor.py", "cli/test_evaluate.py", "crash",
    "docs/test_examples.py", "export", "frameworks", "launch/test_resuming.py", "recipes",
    "test_child_cleanup.py", "test_suites.py", "testing", "visual/test_notebook.py",
)  # fmt: skip
"""Files and folders of tests that take long as a whole: they train, or start processes."""


def pytest_configure(config):
    """Leave out what is slow where nothing says what to run; workers are told the same."""
    by_itself = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if by_itself and not config.option.markexpr:
        config.option.markexpr = "not slow"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of slow files and folders."""
    for item in items:
        if any(TESTS / name in (item.path, *item.path.parents) for name in SLOW):
            item.add_marker("slow")
