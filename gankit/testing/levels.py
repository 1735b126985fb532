"""Levels of a backend, and the clauses of each level.

A level is reached if its clauses and those of all levels before it pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gankit.testing.clauses.augmentation import ViewClauses
from gankit.testing.clauses.averages import AverageClauses
from gankit.testing.clauses.blocks import BlockClauses
from gankit.testing.clauses.exports import ExportClauses
from gankit.testing.clauses.formulas import FormulaClauses
from gankit.testing.clauses.integration import IntegrationClauses
from gankit.testing.clauses.labels import LabelClauses
from gankit.testing.clauses.layers import LayerClauses
from gankit.testing.clauses.mixed import MixedClauses
from gankit.testing.clauses.native import NativeClauses
from gankit.testing.clauses.networks import NetworkClauses
from gankit.testing.clauses.offers import OfferClauses
from gankit.testing.clauses.optimizers import OptimizerClauses
from gankit.testing.clauses.penalties import PenaltyClauses
from gankit.testing.clauses.portability import PortabilityClauses
from gankit.testing.clauses.resuming import ResumeClauses
from gankit.testing.clauses.running_state import RunningClauses
from gankit.testing.clauses.updates import UpdateClauses
from gankit.testing.contract import BackendContract

LEVELS = {
    "protocol": "it can be called as the core calls it, and each update moves what it should",
    "numerics": "its numbers are those of the formulas, and blocks equal their updates",
    "resume": "a run stops and goes on, and repeats, to the same bits",
    "portability": "what it has trained goes on in another backend, and comes back",
}
"""What each level means, the first one first."""
SECTIONS: dict[type, str] = {
    OfferClauses: "protocol",
    NetworkClauses: "protocol",
    UpdateClauses: "protocol",
    AverageClauses: "protocol",
    LabelClauses: "protocol",
    NativeClauses: "protocol",
    FormulaClauses: "numerics",
    OptimizerClauses: "numerics",
    LayerClauses: "numerics",
    RunningClauses: "numerics",
    PenaltyClauses: "numerics",
    ViewClauses: "numerics",
    BlockClauses: "numerics",
    MixedClauses: "numerics",
    ResumeClauses: "resume",
    PortabilityClauses: "portability",
    ExportClauses: "portability",
    IntegrationClauses: "numerics",
}
"""The level of a section's clauses."""
ELSEWHERE = {
    "test_names_its_state": "portability",
    "test_an_update_of_the_whole_moves_its_own": "protocol",
    "test_the_whole_stops_and_goes_on": "resume",
    "test_the_whole_needs_every_part_of_its_state": "resume",
    "test_the_whole_moves_there_and_back": "portability",
    "test_a_native_run_stops_and_goes_on": "resume",
    "test_refuses_a_wrong_native_state_whole": "resume",
    "test_a_native_block_equals_its_updates": "numerics",
}
"""Clauses that belong to another level than their section."""


@dataclass(frozen=True)
class Clause:
    """One clause of the contract.

    Attributes
    ----------
    name
        Its test's, without "test_".
    section
        "The offer", "Networks", ...
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
    found = dict(_in_the_contracts_order())
    ladder = list(LEVELS)
    wanted = ladder[: ladder.index(up_to) + 1]
    ordered = sorted(found.items(), key=lambda item: ladder.index(item[1].level))
    return {name: clause for name, clause in ordered if clause.level in wanted}


def _in_the_contracts_order() -> Iterator[tuple[str, Clause]]:
    for section in BackendContract.__bases__:
        title = (section.__doc__ or "").partition(":")[0]
        for name, test in vars(section).items():
            if name.startswith("test_"):
                level = ELSEWHERE.get(name, SECTIONS[section])
                text = (test.__doc__ or "").strip().partition("\n")[0]
                yield name, Clause(name.removeprefix("test_"), title, level, text)
