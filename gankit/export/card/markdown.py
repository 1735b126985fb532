"""Text of a card in Markdown, escaped because a run may come from an untrusted source."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from gankit._text import one_line

_FOLDERS = re.compile(r"(?<![^\s'\"(=])(?:~|[A-Za-z]:)?[/\\](?:[^\s'\"/\\]+[/\\])*(?=\S)")
"""The folders of an absolute path."""
_SPECIAL = re.compile(r"[\\`*_{}\[\]#|]")
"""Characters that are special in Markdown, besides those of HTML."""
_NO_CODE = str.maketrans({"`": "'", "|": "\\|", "<": "‹", ">": "›"})
"""Replaces characters that end code or a table cell, and the brackets of tags."""


def without_folders(value: object) -> str:
    """Return text on one line, without folders of the machine that trained the run.

    >>> without_folders("100 pictures in /home/me/pets")
    '100 pictures in pets'
    """
    return _FOLDERS.sub("", one_line(value))


def escaped(value: object) -> str:
    r"""Return text escaped for Markdown, without folders.

    >>> escaped("a | b <i> in /home/me/pets")
    'a \\| b &lt;i&gt; in pets'
    """
    return _SPECIAL.sub(r"\\\g<0>", html.escape(without_folders(value), quote=False))


def code(value: object) -> str:
    """Return text as code in Markdown, without folders."""
    return f"`{without_folders(value).translate(_NO_CODE)}`"


def inline(text: str) -> str:
    """Return text with Markdown's special characters escaped."""
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", one_line(text))


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of cells that are already escaped."""
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
