"""Clauses on mixed training: the factors of products are rounded to bfloat16, nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, Problem, State, strip_prefix
from gankit.layers import is_running
from gankit.optimizers import SGD
from gankit.testing.agreement import assert_close, assert_identical, layout
from gankit.testing.clauses.networks import noise
from gankit.testing.harness import Setup, possible, ready, require
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAIRS
from gankit.testing.problems import full
from gankit.testing.rgb import coloured, rgb_setup

Images = NDArray[np.uint8]
NEAR = 0.02
"""How far a loss may be from that in float32; bfloat16 has eight bits."""
KINDS = ("dense", "conv")
STEEPEST = SGD(0.05)


@level("numerics")
class MixedClauses:
    """Mixed training: products round their factors to bfloat16 (capability "mixed")."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_mixed_updates_are_near_those_of_float32(
        self, backend: Backend, images: Images, kind: str
    ) -> None:
        """In a mixed step losses are within 2 % of those in float32, and moves within 10 %.

        Moves are compared by the length of their difference over their length in float32.
        """
        mixed, whole = (
            trained(backend, problem, images)
            for problem in (mixing(backend, kind), mixing(backend, kind, mixed=False))
        )
        assert_close({"losses": mixed["losses"]}, {"losses": whole["losses"]}, NEAR)
        first = mixing(backend, kind).initial_weights()
        names = [name for name in first if not is_running(name)]
        moves = np.concatenate([(whole[name] - first[name]).ravel() for name in names])
        apart = np.concatenate([(whole[name] - mixed[name]).ravel() for name in names])
        assert np.linalg.norm(apart) <= 0.1 * np.linalg.norm(moves)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_mixed_state_is_whole(self, backend: Backend, images: Images, kind: str) -> None:
        """The state has the names and types of one in float32, and its numbers are not rounded."""
        problem = mixing(backend, kind)
        state = trained(backend, problem, images)
        del state["losses"]
        assert layout(state) == layout(problem.initial_state())
        for name, array in strip_prefix(state, "generator").items():
            if name.endswith("kernel"):
                assert np.any(array.view(np.uint32) & 0xFFFF), f"{name} has bfloat16's bits alone"

    @pytest.mark.parametrize("kind", KINDS)
    def test_mixed_networks_answer_in_float32(
        self, backend: Backend, images: Images, kind: str
    ) -> None:
        """Outside of training a network returns what one of the same weights in float32 does."""
        problem = mixing(backend, kind)
        state = trained(backend, problem, images)
        del state["losses"]
        answers = []
        for other in (problem, mixing(backend, kind, mixed=False)):
            trainer = ready(backend, other)
            trainer.load_state(state)
            answers.append({"images": trainer.generator(noise(problem))})
        assert_close(answers[0], answers[1], 1e-6)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_mixed_block_equals_its_updates(
        self, backend: Backend, images: Images, kind: str
    ) -> None:
        """A mixed block leaves the bits of its updates; tested only with "exact-blocks"."""
        require(backend, "exact-blocks")
        problem = mixing(backend, kind)
        by_updates = trained(backend, problem, images)
        trainer = ready(backend, problem)
        losses = over(problem, images).block(trainer, 0, 1)
        assert_identical(trainer.state() | {"losses": losses}, by_updates)


def mixing(backend: Backend, kind: str, *, mixed: bool = True) -> Problem:
    """Return a problem in float32, with or without mixed products; or skip."""
    if kind == "conv":
        problem = coloured(backend, *PAIRS["conv"], precision="float32", mixed=mixed)
    else:
        # Adam's first moves are signs, in which the last bit of a small gradient weighs as much.
        optimizers = {"generator_optimizer": STEEPEST, "discriminator_optimizer": STEEPEST}
        problem = full(backend, precision="float32", mixed=mixed, **optimizers)
    require(backend, "mixed")
    return possible(backend, problem)


def over(problem: Problem, images: Images) -> Setup:
    """Return a setup over the images that fit a problem."""
    return Setup(problem, images) if problem.image_shape[-1] == 1 else rgb_setup(problem)


def trained(backend: Backend, problem: Problem, images: Images) -> State:
    """Train a step, update by update; return the state, with "losses"."""
    trainer = ready(backend, problem)
    losses = over(problem, images).updates(trainer, 0, 1)
    return trainer.state() | {"losses": losses}
