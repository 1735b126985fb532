"""Levels of a backend, and the clauses of each level.

A level is reached if its clauses and those of all levels before it pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gankit.testing.contract import BackendContract
from gankit.testing.level_marks import level_of

LEVELS = {
    "protocol": "the core can call it, and each update changes the arrays that it should",
    "numerics": "its numbers match the formulas, and blocks equal their updates",
    "resume": "a run repeats, and resumes, to the same bits",
    "portability": "another backend continues what it trained, and the reverse",
}
"""What each level means, in order."""


@dataclass(frozen=True)
class Clause:
    """One clause of the contract.

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


def clauses(up_to: str = "portability") -> dict[str, Clause]:
    """Return the clauses of a level and those before it, in their order, by their tests' names."""
    order = list(LEVELS)
    wanted = order[: order.index(up_to) + 1]
    found = [item for section in BackendContract.__bases__ for item in clauses_of(section)]
    found.sort(key=lambda item: order.index(item[1].level))
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
