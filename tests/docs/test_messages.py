"""Messages of invalid values have one form: `NAME: got X; expected Y; fix Z`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "gankit").rglob("*.py"), *(ROOT / "backends").rglob("*.py")]
OTHER_FORM = re.compile(
    r"\bmust\b|\b(?:has|have) shape\b|(?:is|are) x; (?:expected|give|write|it) "
)


def messages(source: str) -> Iterator[str]:
    """Yield the text of every error that some source raises, with x for each value in it."""
    for raised in ast.walk(ast.parse(source)):
        if isinstance(raised, ast.Raise):
            for node in ast.walk(raised):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(
                        p.value if isinstance(p, ast.Constant) else "x" for p in node.values
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def other_forms(source: str) -> list[str]:
    """Return the messages of some source in another form."""
    return [message for message in messages(source) if OTHER_FORM.search(message)]


def test_every_message_of_an_invalid_value_has_one_form():
    others = {path: other_forms(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: found for path, found in others.items() if found} == {}


@pytest.mark.parametrize(
    "message", ["{n} is {v}; it must be at least 1", "{n} is {v}; give a path", "{n} must be 1"]
)
def test_another_form_is_found(message):
    assert other_forms(f"if True:\n    raise ConfigError(f'{message}')\n")


def test_the_form_is_accepted():
    assert other_forms("raise ConfigError(f'{n}: got {v}; expected at least 1; give {a}')") == []
