"""The reference and `gankit.functional` share no formula of an update."""

from __future__ import annotations

import ast

import pytest

from gankit.functional import NAMES
from tests.paths import ROOT

REFERENCE = sorted((ROOT / "backends" / "gankit_numpy").rglob("*.py"))
FUNCTIONAL = sorted((ROOT / "gankit" / "functional").glob("*.py"))


def modules(path):
    """Yield the names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.name)
def test_the_reference_does_not_import_functional(path):
    assert [name for name in modules(path) if name.startswith("gankit.functional")] == []


@pytest.mark.parametrize("path", FUNCTIONAL, ids=lambda path: path.name)
def test_functional_imports_no_backend(path):
    assert [name for name in modules(path) if name.startswith("gankit_")] == []


def test_functional_uses_exactly_the_listed_functions():
    """Each `xp.name` in the package is in NAMES, and each of NAMES is used."""
    used = {
        node.attr
        for path in FUNCTIONAL
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and (
            (isinstance(node.value, ast.Name) and node.value.id == "xp")
            or (isinstance(node.value, ast.Attribute) and node.value.attr == "xp")
        )
    }
    assert used == NAMES
