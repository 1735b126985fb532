"""The prose uses plain English: no phrase of a short list in README, pages or help texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "recipes").glob("*.md")),
    *sorted((ROOT / "docs" / "api").glob("*.md")),
    ROOT / "docs" / "examples" / "index.md",
]
BANNED = (
    r"whoever",
    r"nobody",
    r"stranger'?s?",
    r"(?:held|hold|holds|holding)\b[^.;:|]{0,60}? against",
    r"let go",
    r"told (?:the|its|a) class(?:es)?",
    r"(?:a|the) process(?:es)? of (?:its|their) own",
    r"is none(?= [,.;])|(?:there )?is no run",
    r"no such \w+ that is",
    r"goes by",
    r"as it (?:is|stands)(?=[,.;])",
    r"rooms? of the house|the house",
    r"at the door",
    r"it knows no",
    r"(?:proves?|proved|proven)",
    r"(?:judged?|judges|judging)",
    r"to be had",
)
PATTERN = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)


def prose(text: str) -> str:
    """Return Markdown without its code blocks and code spans, on one line."""
    text = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"`[^`]*`", "x", text))


def found(text: str) -> list[str]:
    """Return every banned phrase in some prose."""
    return [match[0] for match in PATTERN.finditer(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_no_banned_phrase(page):
    assert found(prose(page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "phrase",
    [
        "Whoever writes a backend",
        "that nobody needs",
        "held against real ones",
        "they hold an installed backend against the contract",
        "the algorithm is let go",
        "recipes that are told the class",
        "each in a process of its own",
        "nothing is no run",
        "what is proved",
        "images are judged",
        "a stranger's plugin",
        "no such folder that is a run",
    ],
)
def test_a_banned_phrase_is_found(phrase):
    assert found(prose(f"Some words.\n{phrase}, in a sentence."))


def test_code_may_say_anything():
    text = "Run\n\n```python\nheld = 'told the class, let go'\n```\n\nand `judge` it.\n"
    assert found(prose(text)) == []
    assert found(prose(text + "Judge it.\n")) == ["Judge"]


def commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a group's commands and theirs, each with what is typed."""
    with click.Context(group) as context:
        for child in group.list_commands(context):
            command = group.get_command(context, child)
            assert command, child
            yield f"{name} {child}", command
            if isinstance(command, click.Group):
                yield from commands(command, f"{name} {child}")


def helps() -> dict[str, str]:
    """Return the help text of every command, by what is typed."""
    from gankit.cli.main import gankit

    texts = {}
    for name, command in [("gankit", gankit), *commands(gankit, "gankit")]:
        with click.Context(command, info_name=name) as context:
            texts[name] = command.get_help(context)
    return texts


def test_no_help_text_uses_a_banned_phrase():
    texts = helps()
    assert {"gankit", "gankit train", "gankit checkpoint prune"} <= set(texts)
    banned = {name: words for name, text in texts.items() if (words := found(prose(text)))}
    assert banned == {}
