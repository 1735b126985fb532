"""The documentation, built by Sphinx: `sphinx-build -W -b html docs docs/_build`."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path

from sphinx.errors import ExtensionError

import gankit
from gankit.plugins.scaffold import Names, rendered

project = "gankit"
author = "gankit's authors"
copyright = "2026, gankit's authors"
version = release = gankit.__version__

extensions = ["myst_parser"]
exclude_patterns = ["_build", "examples/*/*.md"]  # Those belong to distributions.
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"gankit {release}"


def _check_contract() -> None:
    """Stop where the page of clauses is not what the clauses say."""
    here = Path(__file__).parent
    wanted = runpy.run_path(str(here / "contract.py"))["page"]()
    if (here / "contract.md").read_text(encoding="utf-8") != wanted:
        raise ExtensionError("docs/contract.md is out of date; run: python docs/contract.py")


def _write_template() -> None:
    """Write what `gankit plugins new mine` writes, for the page that walks through it."""
    for name, text in rendered(Names("mine")).items():
        path = Path(__file__).parent / "_build" / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


_write_template()
# The clauses are tests; where pytest is not installed they cannot be read.
if importlib.util.find_spec("pytest"):
    _check_contract()
