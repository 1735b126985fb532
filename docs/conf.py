"""The documentation, built by Sphinx: `sphinx-build -W -b html docs docs/_build`."""

from __future__ import annotations

import importlib.util
import re
import runpy
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

import gankit
from gankit.plugins.scaffold import Names, rendered
from gankit.report import render_explorer

project = "gankit"
author = "gankit's authors"
copyright = "2026, gankit's authors"
version = release = gankit.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"  # Docstrings mark code with single backticks.
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # The docstrings state shapes, dtypes and ranges.
napoleon_google_docstring = False
napoleon_use_rtype = False
exclude_patterns = ["_build", "examples/*/*.md"]  # Those belong to distributions.
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"gankit {release}"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["gankit.css"]
html_js_files = [("scrolling.js", {"defer": "defer"})]


def _check_contract() -> None:
    """Stop if the page of clauses differs from the clauses."""
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
# The clauses are tests; without pytest they cannot be read.
if importlib.util.find_spec("pytest"):
    _check_contract()


def _literal_formulas(
    _app: object, what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """Show what a docstring indents below a paragraph, and what a module's adds to its summary."""
    if what == "module":
        lines[2:] = ["::", "", *(f"    {line}" for line in lines[2:])]
        return
    if what == "class" and "Attributes" in lines and "Parameters" not in lines:
        at = lines.index("Attributes")  # Of a dataclass they are the arguments.
        lines[at : at + 2] = ["Parameters", "----------"]
    found, before, literal = list(lines), "", None
    lines.clear()
    for line in found:
        indent = _indent(line)
        if literal is not None and line and indent <= literal:
            literal = None
        if line and literal is None and indent > _indent(before):
            depth = _indent(before)
            if lines[-1:] != [""] and before.endswith(":"):
                lines.append("")
            if lines[-1:] == [""] and lines[:-1]:
                lines += [" " * depth + "::", ""]
                literal = depth
        lines.append(line if literal is not None else _escaped(line))
        before = line or before


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _escaped(line: str) -> str:
    """Return a line whose stars, bars and at signs outside of code are themselves."""
    if line.lstrip().startswith((">>>", "...")):
        return line
    parts = line.split("`")
    parts[::2] = [re.sub(r"([*|@])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _levels(_app: Sphinx, _page: str, _template: str, context: dict[str, str], _: object) -> None:
    """Give the captions of menus a level: Sphinx makes them headings without one."""
    for part in {"body", "furo_navigation_tree"} & set(context):
        context[part] = context[part].replace('role="heading"', 'role="heading" aria-level="2"')


def _write_demo(app: Sphinx, error: Exception | None) -> None:
    """Write the page that explores the generator that gankit ships, beside the other pages."""
    if error is None and app.builder.format == "html":
        shipped = "pretrained:digits"
        page = render_explorer(gankit.load(shipped), title="Digits of gankit", name=shipped)
        Path(app.outdir, "demo.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Let Sphinx call the above: before napoleon reads a docstring, after Furo makes the menu."""
    app.connect("build-finished", _write_demo)
    app.connect("autodoc-process-docstring", _literal_formulas, priority=400)
    app.connect("html-page-context", _levels, priority=900)
