"""The Python code of a model card, as a reader would run it."""

import re


def snippet_of(card):
    """Return the code of a card's text."""
    return re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]


def run_snippet(card):
    """Run the code of a card's text beside its file, in the working folder; return its names."""
    namespace = {}
    exec(snippet_of(card), namespace)  # noqa: S102 - ours.
    return namespace
