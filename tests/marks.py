"""Marks that tests get from their folder and their backend, and what plain `pytest` leaves out.

As a plugin of pytest. Plain `pytest` runs the quick tests on the reference backend. With files,
folders or `-m` it runs what these select; `make test` runs every test.
"""

from __future__ import annotations

import functools
import os

import pytest

from tests.paths import TESTS

FRAMEWORKS = ("torch", "keras", "jax", "autograd")
PLACES = {
    "slow": (
        "_utils/test_paths.py",
        "browser",
        "cli",
        "crash",
        "data/test_class_names.py",
        "data/test_resized.py",
        "data/test_user_data.py",
        "docs/test_docs.py",
        "docs/test_examples.py",
        "evaluation/features/test_classifier.py",
        "evaluation/features/test_local_features.py",
        "evaluation/features/test_mlp.py",
        "evaluation/features/test_pca.py",
        "evaluation/features/test_shrunk_images.py",
        "evaluation/test_controls.py",
        "export",
        "frameworks",
        "launch",
        "recipes",
        "report/test_report.py",
        "report/test_watch.py",
        "test_api.py",
        "test_child_cleanup.py",
        "test_suites.py",
        "testing",
        "training/test_properties.py",
        "visual/test_notebook.py",
    ),
    "browser": ("browser",),
    "torch": (
        "frameworks/test_import_order.py",
        "frameworks/test_oracle.py",
        "frameworks/test_torch.py",
        "frameworks/test_torch_graphs.py",
        "frameworks/test_torch_lockstep.py",
        "frameworks/test_torch_metrics.py",
        "frameworks/test_torch_networks.py",
        "frameworks/test_torch_own_store.py",
        "frameworks/test_torch_processes.py",
        "frameworks/test_torch_sums.py",
        "frameworks/test_torch_wrong_sums.py",
    ),
    "keras": (
        "frameworks/test_import_order.py",
        "frameworks/test_keras.py",
        "frameworks/test_keras_frameworks.py",
        "frameworks/test_keras_networks.py",
        "frameworks/test_keras_processes.py",
    ),
}
"""For each mark the files and folders that have it. Slow ones train, or start processes."""


def pytest_configure(config):
    """Select the quick tests if the command line selects nothing; pytest-xdist passes it on."""
    nothing_named = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if nothing_named and not config.option.markexpr:
        backends = os.environ.setdefault("GANKIT_TEST_BACKENDS", "numpy").split(",")
        left_out = ["slow", *(name for name in FRAMEWORKS if name not in backends)]
        config.option.markexpr = " and ".join(f"not {mark}" for mark in left_out)
        config.option.quick_tests_only = True


def pytest_ignore_collect(collection_path, config):
    """Do not import slow files that plain `pytest` leaves out: several import a framework."""
    only_quick = getattr(config.option, "quick_tests_only", False)
    return True if only_quick and "slow" in marks_of(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark tests by their place, and by a parameter that names a backend."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        for mark in marks_of(item.path) | backends_of(parameters.params if parameters else {}):
            item.add_marker(mark)


@functools.cache
def marks_of(path):
    """Return the marks of a file or folder."""
    above = {path, *path.parents}
    return {mark for mark, names in PLACES.items() if any(TESTS / name in above for name in names)}


def backends_of(parameters):
    """Return the frameworks among the values of a test's parameters."""
    return {value for value in parameters.values() if isinstance(value, str)} & {*FRAMEWORKS}
