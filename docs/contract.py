"""Write `contract.md` from the docstrings of the clauses: `python docs/contract.py`."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from gankit.testing import BackendContract, DatasetContract, LossContract
from gankit.testing.contract import Contract
from gankit.testing.level_marks import level_of

TARGET = Path(__file__).with_name("contract.md")
OPENING = """\
# The contract

The clauses that a backend must pass. Each clause is a test of `gankit.testing.BackendContract`, and
belongs to a [level](write-a-backend.md#check-it). Clauses about a capability are skipped for a
backend that does not claim it. *The reference* is the NumPy backend. `python docs/contract.py`
writes this page from the docstrings of the tests.

One test class tests a backend against all clauses:

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
LOSSES = """\
## Losses

A loss has a contract of its own: the tests of `gankit.testing.LossContract`, which needs a fixture
`loss`. `gankit plugins check NAME` runs them on any loss by its name.
"""
DATASETS = """\
## Data sets

The contract of a data set: the tests of `gankit.testing.DatasetContract`, which needs a fixture
`dataset`. `gankit plugins check NAME` runs them on any data set by its name.
"""


def page() -> str:
    """Return the complete page."""
    parts = [OPENING, *sections(BackendContract, "##")]
    parts += [LOSSES, *sections(LossContract, "###")]
    parts += [DATASETS, *sections(DatasetContract, "###")]
    return "\n".join(parts)


def sections(contract: type[Contract], mark: str) -> Iterator[str]:
    """Yield every section of a contract; `mark` begins its heading."""
    return itertools.chain.from_iterable(section(kind, mark) for kind in contract.sections())


def section(kind: type, mark: str) -> Iterator[str]:
    """Yield the heading, the introduction and the clauses of one section."""
    title, _, rest = inspect.cleandoc(kind.__doc__ or "").partition(":")
    lead, _, more = rest.strip().partition("\n")
    yield f"{mark} {title}\n\n{lead[0].upper()}{lead[1:]}\n{more}".rstrip() + "\n"
    for name, test in vars(kind).items():
        if name.startswith("test_"):
            yield clause(name, test)


def clause(name: str, test: Callable[..., object]) -> str:
    """Return one clause: its text, the name of its test, and its level."""
    text = " ".join(inspect.cleandoc(test.__doc__ or "").split())
    return f"- {text}\n  (`{name}`, {level_of(test)})\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
