"""`pytest` by itself: what takes long is left out, by the mark `slow`.

As a plugin of pytest. Whoever names files or folders, or says `-m`, gets what was asked for, and
`make test` runs everything.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SLOW = (
    "browser", "crash", "frameworks",
    "test_compare.py", "test_contract.py", "test_contract_catches.py", "test_doctor.py",
    "test_evaluate.py", "test_examples.py", "test_export.py", "test_export_formats.py",
    "test_import_order.py", "test_leftovers.py", "test_notebook.py", "test_recipes.py",
    "test_resume.py", "test_suites.py", "test_together.py",
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
        parts = item.path.relative_to(TESTS).parts if TESTS in item.path.parents else ()
        if parts and parts[0] in SLOW:
            item.add_marker("slow")
