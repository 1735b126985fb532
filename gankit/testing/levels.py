"""Levels of a contract, and the clauses of each level.

A level is reached if its clauses and those of all levels before it pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gankit.testing.contract import BackendContract, Contract, DatasetContract, LossContract
from gankit.testing.level_marks import level_of

Kind = Literal["backend", "loss", "dataset"]
CONTRACTS: dict[Kind, type[Contract]] = {
    "backend": BackendContract,
    "loss": LossContract,
    "dataset": DatasetContract,
}
LEVELS = {
    "protocol": "the core can call it, and each update changes the arrays that it should",
    "numerics": "its numbers match the formulas, and blocks equal their updates",
    "resume": "a run repeats, and resumes, to the same bits",
    "portability": "another backend continues what it trained, and the reverse",
}
"""What each level of a backend means, in order."""
MEANINGS: dict[Kind, dict[str, str]] = {
    "backend": LEVELS,
    "loss": {
        "protocol": "a backend can call it, and it returns a finite number",
        "numerics": "its gradient is that of its values",
        "portability": "every installed backend trains with it alike",
    },
    "dataset": {
        "protocol": "its images and labels have the form that gankit needs",
        "resume": "each load has the same bytes, so that a run resumes",
    },
}
"""The levels of each kind, with what they mean."""


@dataclass(frozen=True)
class Clause:
    """One clause of a contract.

    Attributes
    ----------
    name
        Its test's, without "test_".
    section
        "Declaration", "Networks", ...
    level
        One of `LEVELS`.
    text
        Its first sentence.
    """

    name: str
    section: str
    level: str
    text: str


def levels_up_to(level: str, kind: Kind = "backend") -> list[str]:
    """Return the levels of a kind up to a level, which a kind other than a backend may lack."""
    order = list(LEVELS)
    return [name for name in MEANINGS[kind] if order.index(name) <= order.index(level)]


def clauses(up_to: str = "portability", kind: Kind = "backend") -> dict[str, Clause]:
    """Return the clauses of a level and those before it, in their order, by their tests' names."""
    order = list(LEVELS)
    found = [item for section in CONTRACTS[kind].sections() for item in clauses_of(section)]
    found.sort(key=lambda item: order.index(item[1].level))
    wanted = levels_up_to(up_to, kind)
    return {name: clause for name, clause in found if clause.level in wanted}


def clauses_of(section: type) -> Iterator[tuple[str, Clause]]:
    """Yield the clauses of one class, by their tests' names; raise LookupError without a level."""
    title = (section.__doc__ or "").partition(":")[0]
    for name, test in vars(section).items():
        if name.startswith("test_"):
            if (level := level_of(test)) not in LEVELS:
                raise LookupError(
                    f"level of {name}: got {level!r}; expected one of {', '.join(LEVELS)}; "
                    f"mark it, or {section.__name__}, with @level"
                )
            text = (test.__doc__ or "").strip().partition("\n")[0]
            yield name, Clause(name.removeprefix("test_"), title, level, text)
