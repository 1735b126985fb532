"""Clauses on several processes that train one run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gankit.contract import Backend, Problem, Trainer, World
from gankit.errors import Unsupported
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.full_problems import FAMILIES
from gankit.testing.harness import ready, require
from gankit.testing.level_marks import level
from gankit.testing.problems import SIMPLE, bound
from gankit.testing.started_together import (
    TRAINED,
    UPDATED,
    continued,
    one_process,
    part_of,
    processes,
    setup_of,
)

SIZES = tuple(TRAINED)
"""Numbers of processes; three do not share the batch of 16 evenly."""
CASES = [(size, family) for size, families in TRAINED.items() for family in families]
MOST_SECONDS = 60.0
"""The longest that a process may not notice that another has ended."""
NEEDS_ONE_PROCESS: dict[str, dict[str, Any]] = {
    "mixed": {"mixed": True},
    "native": {"generator": object()},
}
"""Changes of a problem in float32 that cannot be trained in several processes, by capability."""
each_family = pytest.mark.parametrize("family", FAMILIES)
each_case = pytest.mark.parametrize(("size", "family"), CASES)
each_size = pytest.mark.parametrize("size", SIZES)


@level("numerics")
class SeveralProcessesClauses:
    """Several processes: their number changes no result (capability "distributed")."""

    def test_can_join_if_claimed(self, backend: Backend) -> None:
        """A backend that claims "distributed" has `join`."""
        require(backend, "distributed")
        assert backend.join is not None

    @each_case
    def test_several_processes_equal_one(self, backend: Backend, size: int, family: str) -> None:
        """Several processes leave the losses and the state of one, within the bound of one update.

        The problem has every capability that the backend claims: statistics of the batch, gradient
        penalties through them, a relativistic-average loss, an adaptive augmentation, dropout and
        classes.
        """
        require(backend, "distributed")
        one = part_of(one_process(backend), family, "blocks")
        many = part_of(processes(backend, size)[0][1], family, "blocks")
        assert_close(many, one, bound(setup_of(backend, family).problem))

    @each_case
    def test_all_processes_have_the_same_bits(
        self, backend: Backend, size: int, family: str
    ) -> None:
        """All processes have the same losses and states, bit for bit."""
        require(backend, "distributed")
        first, *others = (
            part_of(arrays, family, "blocks") for _, arrays in processes(backend, size)
        )
        for other in others:
            assert_identical(other, first)

    @each_family
    def test_a_block_of_several_processes_equals_its_updates(
        self, backend: Backend, family: str
    ) -> None:
        """Blocks leave what their updates leave; to the bit if "exact-blocks" is claimed."""
        require(backend, "distributed")
        arrays = processes(backend, UPDATED)[0][1]
        blocks, updates = (part_of(arrays, family, part) for part in ("blocks", "updates"))
        if "exact-blocks" in backend.capabilities:
            assert_identical(blocks, updates)
        assert_close(blocks, updates, 1e-6)

    @each_family
    def test_a_block_of_several_processes_may_be_split(self, backend: Backend, family: str) -> None:
        """Two blocks of several processes give the same bits as one."""
        require(backend, "distributed")
        arrays = processes(backend, SIZES[0])[0][1]
        assert_identical(*(part_of(arrays, family, part) for part in ("blocks", "block")))

    @each_family
    def test_one_process_continues_what_two_trained(self, backend: Backend, family: str) -> None:
        """One process resumes what two have trained, and ends where they end."""
        require(backend, "distributed")
        arrays = processes(backend, SIZES[0])[0][1]
        setup = setup_of(backend, family)
        trainer = ready(backend, setup.problem)
        found = continued(trainer, setup, part_of(arrays, family, "middle"))
        wanted = part_of(arrays, family, "blocks")
        del wanted["losses"]
        assert_close(found, wanted, bound(setup.problem))

    @each_case
    def test_several_processes_continue_what_one_trained(
        self, backend: Backend, size: int, family: str
    ) -> None:
        """Several processes resume what one has trained, and end where it ends."""
        require(backend, "distributed")
        found = part_of(processes(backend, size)[0][1], family, "continued")
        wanted = part_of(one_process(backend), family, "blocks")
        del wanted["losses"]
        assert_close(found, wanted, bound(setup_of(backend, family).problem))

    @pytest.mark.parametrize("capability", NEEDS_ONE_PROCESS)
    def test_refuses_what_needs_one_process(self, backend: Backend, capability: str) -> None:
        """Mixed precision and native networks are refused before `build` in several processes."""
        require(backend, "distributed")
        require(backend, capability)
        built: list[Problem] = []

        def build(problem: Problem) -> Trainer:
            built.append(problem)
            return backend.build(SIMPLE)

        problem = replace(SIMPLE, world=World(0, SIZES[0]), **NEEDS_ONE_PROCESS[capability])
        with pytest.raises(Unsupported):
            replace(backend, build=build).trainer(problem)
        assert not built

    @each_size
    def test_refuses_fewer_images_than_processes(self, backend: Backend, size: int) -> None:
        """An update with fewer images than processes raises ConfigError, and changes nothing."""
        require(backend, "distributed")
        assert all(message["refused"] for message, _ in processes(backend, size))

    @each_size
    def test_all_processes_diverge_at_the_same_step(self, backend: Backend, size: int) -> None:
        """If a loss is no longer finite, `fit` raises the same Diverged in all processes."""
        require(backend, "distributed")
        first, *others = (message["diverged"] for message, _ in processes(backend, size))
        assert first
        assert all(other == first for other in others)

    def test_a_lost_process_ends_the_others(self, backend: Backend) -> None:
        """If a process ends, the next update or meeting of the others raises PeerLost.

        They notice it within a minute.
        """
        require(backend, "distributed")
        *others, _ = processes(backend, SIZES[0])
        assert all(message.get("lost", MOST_SECONDS) < MOST_SECONDS for message, _ in others)
