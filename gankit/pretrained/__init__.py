"""Generators that gankit ships: `gankit sample --pretrained digits`.

For each name there is a file, NAME.safetensors, and its model card, NAME.md. The text
"pretrained:NAME" stands for one wherever a run to sample from or to begin with is named.
"""

from __future__ import annotations

import os

PREFIX = "pretrained:"
"""What begins the text that stands for such a generator."""
NAMES = ("digits",)


def is_pretrained(text: str | os.PathLike[str]) -> bool:
    """Return whether a text names a generator that gankit ships, rather than a path."""
    return str(text).startswith(PREFIX)
