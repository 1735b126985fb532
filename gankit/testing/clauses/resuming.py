"""Clauses on states, and runs resumed from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, strip_prefix
from gankit.testing.agreement import assert_identical, differing, layout
from gankit.testing.faulty_states import FAULTS, assert_refused, copied, moved, overwrite, spoilt
from gankit.testing.fingerprint import two_fresh_processes
from gankit.testing.harness import Setup, build, ready
from gankit.testing.level_marks import level
from gankit.testing.problems import full, simple

Images = NDArray[np.uint8]
STEPS = 6


@level("resume")
class ResumeClauses:
    """States: a run may stop after any step and resume to the same bits."""

    @level("portability")
    def test_names_its_state(self, backend: Backend) -> None:
        """The state has the names, shapes and types of `Problem.initial_state`, which travel.

        They are "generator/", "discriminator/" and "average/" with their weights,
        "optimizer/generator/m/", "v/" and "t" for Adam and likewise for the discriminator, and
        "step". SGD has no state.
        """
        for problem in (full(backend), simple(backend)):
            assert layout(ready(backend, problem).state()) == layout(problem.initial_state())

    def test_state_holds_the_weights(self, backend: Backend, images: Images) -> None:
        """The weights in the state are those of the networks, after training too."""
        trainer = ready(backend, problem := full(backend))
        Setup(problem, images).updates(trainer, 0, 2)
        state = trainer.state()
        assert_identical(strip_prefix(state, "generator"), trainer.generator.weights())
        assert_identical(strip_prefix(state, "discriminator"), trainer.discriminator.weights())

    def test_gives_copies_of_its_state(self, backend: Backend, images: Images) -> None:
        """Arrays from `state()` are copies.

        Training does not change them, and writing to them does not change the trainer.
        """
        trainer = ready(backend, problem := full(backend))
        taken = trainer.state()
        kept = copied(taken)
        Setup(problem, images).updates(trainer, 0, 1)
        assert_identical(taken, kept)
        taken = trainer.state()
        kept = copied(taken)
        overwrite(taken)
        assert_identical(trainer.state(), kept)

    def test_takes_copies_of_a_state(self, backend: Backend, images: Images) -> None:
        """A state that is loaded is copied: training does not change the arrays given."""
        trainer = ready(backend, problem := full(backend))
        given = trainer.state()
        kept = copied(given)
        trainer.load_state(given)
        Setup(problem, images).updates(trainer, 0, 1)
        assert_identical(given, kept)

    def test_needs_every_part_of_its_state(self, backend: Backend) -> None:
        """A state that lacks any one array is refused with CheckpointError."""
        trainer = ready(backend, full(backend))
        state = moved(trainer.state())
        for name in state:
            assert_refused(trainer, {k: array for k, array in state.items() if k != name})

    @pytest.mark.parametrize("fault", FAULTS)
    def test_refuses_a_wrong_state_whole(self, backend: Backend, fault: str) -> None:
        """A state with a missing name, an unknown one, a wrong shape or kind of number is refused.

        The error is CheckpointError, and no part of the state is loaded.
        """
        trainer = ready(backend, full(backend))
        assert_refused(trainer, spoilt(trainer.state(), fault))

    @pytest.mark.parametrize("n_critic", [1, 2])
    def test_stops_and_goes_on(self, backend: Backend, images: Images, n_critic: int) -> None:
        """A run that stops after any step resumes in another trainer to the same bits.

        This holds with dropout, an average and any number of discriminator updates a step.
        """
        problem = full(backend)
        setup = Setup(problem, images, n_critic)
        first, second = ready(backend, problem), build(backend, problem)
        states = [first.state()]
        for r in range(STEPS):
            setup.block(first, r, r + 1)
            states.append(first.state())
        for stop in range(STEPS):
            second.load_state(states[stop])
            assert_identical(second.state(), states[stop])
            setup.block(second, stop, STEPS)
            assert_identical(second.state(), states[STEPS])

    def test_same_seed_same_run(self, backend: Backend, images: Images) -> None:
        """Two trainers built for the same problem run to the same bits."""
        problem, ends = full(backend), []
        for _ in range(2):
            trainer = build(backend, problem)
            losses = Setup(problem, images).block(trainer, 0, STEPS)
            ends.append({"losses": losses} | trainer.state())
        assert_identical(*ends)

    def test_another_seed_another_run(self, backend: Backend) -> None:
        """Another seed gives other initial weights in both networks."""
        first, second = (
            build(backend, replace(full(backend), seed=seed)).state() for seed in (0, 1)
        )
        kernels = {name for name in first if name.endswith(".kernel") and "/m/" not in name}
        kernels = {name for name in kernels if "/v/" not in name}
        assert differing(first, second) == kernels

    def test_same_seed_in_fresh_processes(self, backend: Backend) -> None:
        """Two fresh processes run the same problem to the same bits."""
        first, second = two_fresh_processes(backend.name)
        assert first["state"] == second["state"]
