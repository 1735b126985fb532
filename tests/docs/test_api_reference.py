"""The API reference has every promised name that a user or an author calls."""

from __future__ import annotations

import inspect
import re
import runpy
from importlib import import_module
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PROMISED = runpy.run_path(str(DOCS / "stable.py"))["PROMISED"]
TEXT = "\n".join(page.read_text("utf-8") for page in sorted((DOCS / "api").glob("*.md")))


def missing(text: str, home: str) -> list[str]:
    """Return the promised functions and classes of a module that a text does not render."""
    module = import_module(home)
    called = [
        name
        for name in PROMISED[home].split()
        if inspect.isfunction(it := getattr(module, name))
        or (inspect.isclass(it) and it.__module__.startswith("gankit"))
    ]
    shown = set(re.findall(r":: gankit[\w.]*\.(\w+)$", text, re.MULTILINE))
    return [name for name in called if name not in shown]


@pytest.mark.parametrize("home", sorted(set(PROMISED) - {"gankit.testing"}))
def test_a_promised_function_or_class_is_in_the_reference(home):
    assert missing(TEXT, home) == []


def test_a_missing_name_is_found():
    assert missing(TEXT.replace(":: gankit.load\n", ":: \n"), "gankit") == ["load"]
