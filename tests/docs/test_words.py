"""Pages, help texts, source code and tests have no phrase of a list of banned ones."""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.paths import ROOT, TESTS

PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "CODE_OF_CONDUCT.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "design").glob("*.md")),
    *sorted((ROOT / "docs" / "recipes").glob("*.md")),
    *sorted((ROOT / "docs" / "api").glob("*.md")),
    ROOT / "docs" / "examples" / "index.md",
    ROOT / "docs" / "tutorial.ipynb",
]
BANNED = (
    r"whoever",
    r"nobody",
    r"stranger'?s?",
    r"(?:held|hold|holds|holding)\b[^.;:|]{0,60}? against",
    r"let go",
    r"told (?:the|its|a) class(?:es)?",
    r"(?:a|the) process(?:es)? of (?:its|their) own",
    r"(?<!there )is (?-i:none)(?! of)|(?:there )?is no run",
    r"no such \w+ that is",
    r"goes by",
    r"as it (?:is|stands)(?=[,.;])",
    r"rooms? of the house|the house",
    r"at the door",
    r"it knows no",
    r"(?:proves?|proved|proven)",
    r"(?:judged?|judges|judging)",
    r"to be had",
    r"told apart",
    r"whichever",
    r"passed over",
    r"(?:is|are|was|were) asked for",
    r"in (?:its|their) turn",
    r"(?:go|goes|going) on",
    r"held to",
    r"nothing but",
    r"anew",
    r"none of those",
    r"(?:lies|stands?) (?:there|beside)",
)
PATTERN = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)


def prose(text: str) -> str:
    """Return Markdown without its code blocks and code spans, on one line."""
    text = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"`[^`]*`", "x", text))


def text_of_notebook(notebook: str) -> str:
    """Return the Markdown cells of a notebook."""
    cells = json.loads(notebook)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def found(text: str) -> list[str]:
    """Return every banned phrase in some prose."""
    return [match[0] for match in PATTERN.finditer(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_no_banned_phrase(page):
    text = page.read_text(encoding="utf-8")
    assert found(prose(text if page.suffix == ".md" else text_of_notebook(text))) == []


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
        "a damaged file is passed over",
        "the class that is asked for",
        "each in its turn",
        "the run goes on",
        "the file lies beside",
        "a folder that is none",
        "files are written anew",
        "go on with the run",
        "nothing but the log is written",
    ],
)
def test_a_banned_phrase_is_found(phrase):
    assert found(prose(f"Some words.\n{phrase}, in a sentence."))


TEXT = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def found_in_source(source: str) -> list[str]:
    """Return every banned phrase in the comments and strings of Python source."""
    if not PATTERN.search(re.sub(r"\s+", " ", source)):  # Much faster than finding the comments.
        return []
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [words for token in tokens if token.type in TEXT for words in found(prose(token.string))]


def test_no_docstring_comment_or_message_uses_a_banned_phrase():
    folders = ("gankit", "backends", "docs/examples")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    sources = {path: path.read_text(encoding="utf-8") for path in paths}
    banned = {path: words for path, text in sources.items() if (words := found_in_source(text))}
    assert banned == {}


NOUNS = "images|pictures|classes|labels|channels|steps|epochs|layers|weights|frames|grids"
UNCOUNTED = re.compile(rf"(?<!of ){{len\([^{{}}]*\)(:,)?}} ({NOUNS})\b")
"""A count of something, and a noun that is wrong if the count is 1."""


def test_counts_in_messages_have_the_right_number():
    for path in (ROOT / "gankit").rglob("*.py"):
        assert not UNCOUNTED.findall(path.read_text(encoding="utf-8")), f"use counted() in {path}"
    assert UNCOUNTED.search('f"got {len(a)} images"')


def test_no_test_is_named_or_described_by_a_banned_phrase():
    banned = {}
    for path in TESTS.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        names = " ".join(re.findall(r"def (test_\w+)", source)).replace("_", " ")
        if path != Path(__file__) and (words := found(names) + found_in_source(source)):
            banned[path] = words
    assert banned == {}


def test_only_the_text_of_source_is_searched():
    assert found_in_source("judge = held\n") == []
    assert found_in_source('"""Each in its\nturn."""\njudge = f"{x} goes on"  # Judge it.\n') == [
        "in its turn",
        "goes on",
        "Judge",
    ]


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
