"""Clauses on several processes that train one run."""

from __future__ import annotations

import pytest

from gankit.contract import Backend, strip_prefix
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.full_problems import FAMILIES
from gankit.testing.harness import require
from gankit.testing.level_marks import level
from gankit.testing.problems import bound
from gankit.testing.started_together import (
    MIDDLE,
    STEPS,
    family_of,
    processes,
    setup_of,
    trained,
)

SIZES = (2, 3)
"""Numbers of processes; three do not share the batch of 16 evenly."""
MOST_SECONDS = 60.0
"""The longest that a process may not notice that another has ended."""


@level("numerics")
class SeveralProcessesClauses:
    """Several processes: their number changes no result (capability "distributed")."""

    def test_can_join_if_claimed(self, backend: Backend) -> None:
        """A backend that claims "distributed" has `join`."""
        require(backend, "distributed")
        assert backend.join is not None

    @pytest.mark.parametrize("family", FAMILIES)
    @pytest.mark.parametrize("size", SIZES)
    def test_several_processes_equal_one(self, backend: Backend, size: int, family: str) -> None:
        """Several processes leave the losses and the state of one, within the bound of one update.

        The problem has every capability that the backend claims: statistics of the batch, gradient
        penalties, an adaptive augmentation, dropout and classes.
        """
        require(backend, "distributed")
        setup = setup_of(backend, family)
        one = strip_prefix(trained(backend, setup), "blocks")
        many = family_of(processes(backend.name, size)[0][1], family, "blocks")
        assert_close(many, one, bound(setup.problem))

    @pytest.mark.parametrize("family", FAMILIES)
    @pytest.mark.parametrize("size", SIZES)
    def test_all_processes_have_the_same_bits(
        self, backend: Backend, size: int, family: str
    ) -> None:
        """All processes have the same losses and states, bit for bit."""
        require(backend, "distributed")
        first, *others = (
            family_of(arrays, family, "blocks") for _, arrays in processes(backend.name, size)
        )
        for other in others:
            assert_identical(other, first)

    @pytest.mark.parametrize("family", FAMILIES)
    def test_a_block_of_several_processes_equals_its_updates(
        self, backend: Backend, family: str
    ) -> None:
        """Blocks leave what their updates leave; to the bit if "exact-blocks" is claimed."""
        require(backend, "distributed")
        arrays = processes(backend.name, SIZES[0])[0][1]
        blocks, updates = (family_of(arrays, family, part) for part in ("blocks", "updates"))
        if "exact-blocks" in backend.capabilities:
            assert_identical(blocks, updates)
        assert_close(blocks, updates, 1e-6)

    @pytest.mark.parametrize("family", FAMILIES)
    def test_one_process_continues_what_two_trained(self, backend: Backend, family: str) -> None:
        """One process resumes what two have trained, and ends where they end."""
        require(backend, "distributed")
        arrays = processes(backend.name, SIZES[0])[0][1]
        setup = setup_of(backend, family)
        trainer = backend.trainer(setup.problem)
        trainer.load_state(family_of(arrays, family, "middle"))
        setup.block(trainer, MIDDLE, STEPS)
        wanted = family_of(arrays, family, "blocks")
        del wanted["losses"]
        assert_close(trainer.state(), wanted, bound(setup.problem))

    def test_a_lost_process_ends_the_others(self, backend: Backend) -> None:
        """If a process ends, the next update or meeting of the others raises PeerLost.

        They notice it within a minute.
        """
        require(backend, "distributed")
        *others, _ = processes(backend.name, SIZES[0])
        assert all(message.get("lost", MOST_SECONDS) < MOST_SECONDS for message, _ in others)
