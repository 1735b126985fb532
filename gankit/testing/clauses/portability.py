"""Clauses on portability: weights and runs move to another backend."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, Precision, Problem, State, Trainer
from gankit.testing.agreement import assert_close, layout
from gankit.testing.clauses.networks import noise
from gankit.testing.harness import Setup, ready, reference, require
from gankit.testing.level_marks import level
from gankit.testing.problems import full

Images = NDArray[np.uint8]


@level("portability")
class PortabilityClauses:
    """Portability: another backend continues what this backend has trained."""

    def test_a_run_moves_to_the_reference_and_back(self, backend: Backend, images: Images) -> None:
        """A float64 run continues on the reference, then on this backend again.

        Its state is within 1e-9 of the same run on this backend alone.
        """
        require(backend, "float64")
        mine, other = ready(backend, full(backend)), ready(reference(), full(backend))
        setup, first = Setup(full(backend), images), mine.state()
        setup.block(mine, 0, 9)
        stayed = mine.state()
        mine.load_state(first)
        for trainer, onward, start in ((mine, other, 0), (other, mine, 3), (mine, other, 6)):
            setup.block(trainer, start, start + 3)
            onward.load_state(trainer.state())
        assert_close(mine.state(), stayed, 1e-9)

    @pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-6), ("float64", 1e-10)])
    def test_moved_weights_give_the_same_outputs(
        self, backend: Backend, images: Images, precision: Precision, bound: float
    ) -> None:
        """With trained weights of this backend, the reference returns the same images and logits.

        They agree within 1e-6 in float32 and 1e-10 in float64.
        """
        require(backend, precision)
        problem = full(backend, precision=precision)
        mine, other = ready(backend, problem), ready(reference(), problem)
        Setup(problem, images).block(mine, 0, 5)
        other.generator.load_weights(mine.generator.weights())
        other.discriminator.load_weights(mine.discriminator.weights())
        assert_close(outputs(mine, problem, images), outputs(other, problem, images), bound)

    def test_loads_a_state_of_either_precision(self, backend: Backend, images: Images) -> None:
        """`load_state` accepts a state of the other precision, and rounds it to its own."""
        trainer = ready(backend, problem := full(backend))
        Setup(problem, images).updates(trainer, 0, 2)
        before = trainer.state()
        single, double = (cast(before, precision) for precision in (np.float32, np.float64))
        trainer.load_state(double)
        trainer.load_state(single)
        assert layout(trainer.state()) == layout(before)
        assert_close(trainer.state(), cast(single, before["generator/0.kernel"].dtype), 0)


def outputs(trainer: Trainer, problem: Problem, images: Images) -> State:
    """Return the outputs of the networks for the same inputs."""
    return {
        "images": trainer.generator(noise(problem)),
        "logits": trainer.discriminator(problem.scale(images[:32])),
    }


def cast(state: State, precision: np.dtype | type) -> State:
    """Return the state with its real numbers in another precision."""
    return {k: a.astype(precision) if a.dtype.kind == "f" else a for k, a in state.items()}
