"""Clauses on the state, and on runs that resume from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, strip_prefix
from gankit.testing.agreement import assert_identical, differing, layout
from gankit.testing.faulty_states import (
    FAULTS,
    assert_refused,
    copied,
    corrupted,
    overwrite,
    shifted,
)
from gankit.testing.fingerprint import of_two_fresh_processes
from gankit.testing.harness import Setup, build, ready
from gankit.testing.level_marks import level
from gankit.testing.problems import full, simple

Images = NDArray[np.uint8]
STEPS = 6


@level("resume")
class ResumeClauses:
    """State: a run may stop after any step and resume to the same bits."""

    @level("portability")
    def test_state_has_the_common_names(self, backend: Backend) -> None:
        """The state has the names, shapes and dtypes of `Problem.initial_state`.

        They are "generator/", "discriminator/" and "average/" with their weights,
        "optimizer/generator/m/", "v/" and "t" for Adam, the same for the discriminator, and
        "step". SGD has no state.
        """
        for problem in (full(backend), simple(backend)):
            assert layout(ready(backend, problem).state()) == layout(problem.initial_state())

    def test_state_contains_the_weights(self, backend: Backend, images: Images) -> None:
        """The state contains the networks' weights, after training too."""
        trainer = ready(backend, problem := full(backend))
        Setup(problem, images).updates(trainer, 0, 2)
        state = trainer.state()
        assert_identical(strip_prefix(state, "generator"), trainer.generator.weights())
        assert_identical(strip_prefix(state, "discriminator"), trainer.discriminator.weights())

    def test_returns_copies_of_its_state(self, backend: Backend, images: Images) -> None:
        """Arrays from `state()` are copies.

        Training does not change them, and writing to them does not change the trainer.
        """
        trainer = ready(backend, problem := full(backend))
        taken = trainer.state()
        unchanged = copied(taken)
        Setup(problem, images).updates(trainer, 0, 1)
        assert_identical(taken, unchanged)
        taken = trainer.state()
        unchanged = copied(taken)
        overwrite(taken)
        assert_identical(trainer.state(), unchanged)

    def test_copies_a_loaded_state(self, backend: Backend, images: Images) -> None:
        """`load_state` copies: training does not change the arrays that were loaded."""
        trainer = ready(backend, problem := full(backend))
        given = trainer.state()
        unchanged = copied(given)
        trainer.load_state(given)
        Setup(problem, images).updates(trainer, 0, 1)
        assert_identical(given, unchanged)

    def test_refuses_an_incomplete_state(self, backend: Backend) -> None:
        """`load_state` refuses a state without any one of its arrays, with CheckpointError."""
        trainer = ready(backend, full(backend))
        state = shifted(trainer.state())
        for name in state:
            assert_refused(trainer, {k: array for k, array in state.items() if k != name})

    @pytest.mark.parametrize("fault", FAULTS)
    def test_refuses_an_invalid_state(self, backend: Backend, fault: str) -> None:
        """A state with a missing or unknown name, a wrong shape or kind of dtype is refused.

        `load_state` raises CheckpointError, and loads none of it.
        """
        trainer = ready(backend, full(backend))
        assert_refused(trainer, corrupted(trainer.state(), fault))

    @pytest.mark.parametrize("n_critic", [1, 2])
    def test_resumes_after_any_step(self, backend: Backend, images: Images, n_critic: int) -> None:
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
        """Two trainers of the same problem reach the same bits."""
        problem, ends = full(backend), []
        for _ in range(2):
            trainer = build(backend, problem)
            losses = Setup(problem, images).block(trainer, 0, STEPS)
            ends.append({"losses": losses} | trainer.state())
        assert_identical(*ends)

    def test_another_seed_another_run(self, backend: Backend) -> None:
        """Another seed gives other initial kernels in both networks."""
        first, second = (
            build(backend, replace(full(backend), seed=seed)).state() for seed in (0, 1)
        )
        kernels = {name for name in first if name.endswith(".kernel") and "/m/" not in name}
        kernels = {name for name in kernels if "/v/" not in name}
        assert differing(first, second) == kernels

    def test_same_seed_in_fresh_processes(self, backend: Backend) -> None:
        """Two new processes reach the same bits for the same problems."""
        first, second = of_two_fresh_processes(backend.name, "state")
        assert first == second
