"""Write `contract.md` from the clauses' docstrings: `python docs/contract.py`."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path

from gankit.testing import BackendContract

TARGET = Path(__file__).with_name("contract.md")
OPENING = """\
# The contract

What a backend promises, clause by clause. Each clause is a test of
`gankit.testing.BackendContract`, and what stands here is that test's docstring; this page is
written by `docs/contract.py`. Clauses about a capability are skipped for a backend that does not
claim it.

A backend is proved by one test class:

```python
import gankit
import pytest
from gankit.testing import BackendContract


class TestMine(BackendContract):
    @pytest.fixture
    def backend(self):
        return gankit.get_backend("mine")
```
"""


def page() -> str:
    """Return the whole page."""
    sections = map(section, BackendContract.__bases__)
    return "\n".join([OPENING, *itertools.chain.from_iterable(sections)])


def section(kind: type) -> Iterator[str]:
    """Yield the heading, the introduction and the clauses of one section."""
    title, _, rest = inspect.cleandoc(kind.__doc__ or "").partition(":")
    lead, _, more = rest.strip().partition("\n")
    yield f"## {title}\n\n{lead[0].upper()}{lead[1:]}\n{more}".rstrip() + "\n"
    for name, test in vars(kind).items():
        if name.startswith("test_"):
            yield clause(name, test.__doc__)


def clause(name: str, text: str) -> str:
    """Return one clause: its words, and the name of its test."""
    words = " ".join(inspect.cleandoc(text).split())
    return f"- {words}\n  (`{name}`)\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
