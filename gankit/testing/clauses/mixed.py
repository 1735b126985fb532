"""Clauses on mixed precision: only the factors of products are rounded to bfloat16."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, Problem, State, strip_prefix
from gankit.layers import is_running
from gankit.optimizers import SGD
from gankit.testing.agreement import assert_close, assert_identical, layout
from gankit.testing.clauses.networks import noise
from gankit.testing.harness import Setup, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAIRS
from gankit.testing.problems import full
from gankit.testing.rgb import rgb_problem, rgb_setup

Images = NDArray[np.uint8]
LOSS_TOLERANCE = 0.02
"""Tolerance of a loss, compared with float32; bfloat16 has a precision of eight bits."""
KINDS = ("dense", "conv")
PLAIN_SGD = SGD(0.05)


@level("numerics")
class MixedClauses:
    """Mixed precision: products round their factors to bfloat16 (capability "mixed")."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_mixed_updates_are_close_to_float32(
        self, backend: Backend, images: Images, kind: str
    ) -> None:
        """Losses of a mixed step match float32 within 2 %, changes of weights within 10 %.

        The norm of the difference of the changes is divided by the norm of those in float32.
        """
        mixed, plain = (
            trained(backend, problem, images)
            for problem in (mixed_problem(backend, kind), mixed_problem(backend, kind, mixed=False))
        )
        assert_close({"losses": mixed["losses"]}, {"losses": plain["losses"]}, LOSS_TOLERANCE)
        first = mixed_problem(backend, kind).initial_weights()
        names = [name for name in first if not is_running(name)]
        changes = np.concatenate([(plain[name] - first[name]).ravel() for name in names])
        difference = np.concatenate([(plain[name] - mixed[name]).ravel() for name in names])
        assert np.linalg.norm(difference) <= 0.1 * np.linalg.norm(changes)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_mixed_state_is_not_rounded(
        self, backend: Backend, images: Images, kind: str
    ) -> None:
        """The state has the names and dtypes of float32, and its numbers are not rounded."""
        problem = mixed_problem(backend, kind)
        state = trained(backend, problem, images)
        del state["losses"]
        assert layout(state) == layout(problem.initial_state())
        for name, array in strip_prefix(state, "generator").items():
            if name.endswith("kernel"):
                assert np.any(array.view(np.uint32) & 0xFFFF), f"{name} is rounded to bfloat16"

    @pytest.mark.parametrize("kind", KINDS)
    def test_mixed_calls_compute_in_float32(
        self, backend: Backend, images: Images, kind: str
    ) -> None:
        """A called network returns what it would return in float32 with the same weights."""
        problem = mixed_problem(backend, kind)
        state = trained(backend, problem, images)
        del state["losses"]
        outputs = []
        for other in (problem, mixed_problem(backend, kind, mixed=False)):
            trainer = ready(backend, other)
            trainer.load_state(state)
            outputs.append({"images": trainer.generator(noise(problem))})
        assert_close(outputs[0], outputs[1], 1e-6)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_mixed_block_equals_its_updates(
        self, backend: Backend, images: Images, kind: str
    ) -> None:
        """A mixed block gives the bits of its updates; tested only with "exact-blocks"."""
        require(backend, "exact-blocks")
        problem = mixed_problem(backend, kind)
        by_updates = trained(backend, problem, images)
        trainer = ready(backend, problem)
        losses = setup_for(problem, images).block(trainer, 0, 1)
        assert_identical(trainer.state() | {"losses": losses}, by_updates)


def mixed_problem(backend: Backend, kind: str, *, mixed: bool = True) -> Problem:
    """Return a problem in float32, with or without mixed products; or skip."""
    if kind == "conv":
        problem = rgb_problem(backend, *PAIRS["conv"], precision="float32", mixed=mixed)
    else:
        # Not Adam: its first update depends only on signs, which rounding may change.
        optimizers = {"generator_optimizer": PLAIN_SGD, "discriminator_optimizer": PLAIN_SGD}
        problem = full(backend, precision="float32", mixed=mixed, **optimizers)
    require(backend, "mixed")
    return supported(backend, problem)


def setup_for(problem: Problem, images: Images) -> Setup:
    """Return a setup with images of the problem's shape."""
    return Setup(problem, images) if problem.image_shape[-1] == 1 else rgb_setup(problem)


def trained(backend: Backend, problem: Problem, images: Images) -> State:
    """Train one step, update by update; return the state, with "losses"."""
    trainer = ready(backend, problem)
    losses = setup_for(problem, images).updates(trainer, 0, 1)
    return trainer.state() | {"losses": losses}
