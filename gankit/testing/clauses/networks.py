"""Clauses on the two networks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Array, Backend, Problem, add_prefix
from gankit.errors import CheckpointError
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.faulty_states import FAULTS, copied, corrupted, overwrite, shifted
from gankit.testing.harness import Setup, build, ready
from gankit.testing.level_marks import level
from gankit.testing.problems import IMAGE, full
from gankit.training import StepShape, plan

Images = NDArray[np.uint8]


def noise(problem: Problem, count: int = 5) -> Array:
    """Return `(count, 8)` noise of the problem's precision."""
    made: Array = plan(problem, StepShape(batch=count), images=1, start=0, steps=1).noise[0, 0]
    return made


@level("protocol")
class NetworkClauses:
    """Networks: calls take and return NumPy arrays, always in inference mode."""

    def test_starts_with_the_problems_weights(self, backend: Backend) -> None:
        """A new trainer's networks have the problem's initial weights: same names, same bits."""
        trainer = build(backend, problem := full(backend))
        found = add_prefix("generator", trainer.generator.weights())
        found |= add_prefix("discriminator", trainer.discriminator.weights())
        assert_identical(found, problem.initial_weights())

    @pytest.mark.parametrize("count", [1, 5])
    def test_generates_images(self, backend: Backend, count: int) -> None:
        """The generator returns `(n, height, width, channels)` images for `(n, latent)` noise.

        They have the problem's precision and, after a `Tanh`, values in [-1, 1].
        """
        trainer = ready(backend, problem := full(backend))
        made = trainer.generator(noise(problem, count))
        assert made.shape == (count, *IMAGE)
        assert made.dtype == problem.precision
        assert np.abs(made).max() <= 1

    @pytest.mark.parametrize("count", [1, 5])
    def test_returns_logits(self, backend: Backend, images: Images, count: int) -> None:
        """The discriminator returns `(n,)` logits for `(n, height, width, channels)` images.

        They have the problem's precision.
        """
        trainer = ready(backend, problem := full(backend))
        logits = trainer.discriminator(problem.scale(images[:count]))
        assert logits.shape == (count,)
        assert logits.dtype == problem.precision

    def test_accepts_inputs_of_either_precision(self, backend: Backend, images: Images) -> None:
        """Networks accept float32 and float64 inputs, and return the problem's precision."""
        trainer = ready(backend, problem := full(backend))
        for precision in ("float32", "float64"):
            made = trainer.generator(noise(problem).astype(precision))
            logits = trainer.discriminator(problem.scale(images[:5]).astype(precision))
            assert made.dtype == logits.dtype == np.dtype(problem.precision)

    def test_calls_use_inference_mode(self, backend: Backend, images: Images) -> None:
        """Two calls of a network give the same bits, even with dropout among its layers."""
        trainer = ready(backend, problem := full(backend))
        calls = [
            {
                "images": trainer.generator(noise(problem)),
                "logits": trainer.discriminator(problem.scale(images[:5])),
            }
            for _ in range(2)
        ]
        assert_identical(*calls)

    def test_calls_change_nothing(self, backend: Backend, images: Images) -> None:
        """Calls of networks and of `weights()` leave the trainer's state unchanged."""
        trainer = ready(backend, problem := full(backend))
        before = trainer.state()
        trainer.generator(noise(problem))
        trainer.discriminator(problem.scale(images[:5]))
        trainer.generator.weights()
        assert_identical(trainer.state(), before)

    def test_rows_are_independent(self, backend: Backend, images: Images) -> None:
        """Each of n inputs gives the same output as alone, except for rounding."""
        trainer = ready(backend, problem := full(backend))
        z, x = noise(problem), problem.scale(images[:5])
        together = {"images": trainer.generator(z), "logits": trainer.discriminator(x)}
        alone = {
            "images": np.concatenate([trainer.generator(row[np.newaxis]) for row in z]),
            "logits": np.concatenate([trainer.discriminator(row[np.newaxis]) for row in x]),
        }
        assert_close(together, alone, 1e-12 if problem.precision == "float64" else 1e-5)

    def test_calls_use_the_current_weights(self, backend: Backend, images: Images) -> None:
        """A network that was called before an update uses the new weights after the update."""
        trainer = ready(backend, problem := full(backend))
        trainer.generator(noise(problem))
        trainer.discriminator(problem.scale(images[:5]))
        Setup(problem, images).updates(trainer, 0, 2)
        other = build(backend, problem)
        other.load_state(trainer.state())
        z, x = noise(problem), problem.scale(images[:5])
        assert_identical(
            {"images": trainer.generator(z), "logits": trainer.discriminator(x)},
            {"images": other.generator(z), "logits": other.discriminator(x)},
        )

    def test_returns_copies_of_its_weights(self, backend: Backend, images: Images) -> None:
        """Arrays from `weights()` are copies.

        Training does not change them, and writing to them does not change the network.
        """
        trainer = ready(backend, problem := full(backend))
        before = trainer.generator.weights() | add_prefix("d", trainer.discriminator.weights())
        unchanged = copied(before)
        Setup(problem, images).updates(trainer, 0, 1)
        assert_identical(before, unchanged)
        taken, now = trainer.generator.weights(), trainer.generator.weights()
        overwrite(taken)
        assert_identical(trainer.generator.weights(), now)

    def test_loads_weights(self, backend: Backend) -> None:
        """`load_weights` copies all weights into the network, to the bit.

        Writing to the arrays afterwards does not change the network.
        """
        trainer = ready(backend, problem := full(backend))
        before = trainer.generator(noise(problem))
        for network in (trainer.generator, trainer.discriminator):
            given = shifted(network.weights())
            wanted = copied(given)
            network.load_weights(given)
            overwrite(given)
            assert_identical(network.weights(), wanted)
        assert not np.array_equal(trainer.generator(noise(problem)), before)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_refuses_invalid_weights(self, backend: Backend, fault: str) -> None:
        """Weights with a missing name, an unknown name, a wrong shape or integers are refused.

        `load_weights` raises CheckpointError, and loads none of them.
        """
        trainer = ready(backend, full(backend))
        for network in (trainer.generator, trainer.discriminator):
            before = network.weights()
            with pytest.raises(CheckpointError):
                network.load_weights(corrupted(before, fault))
            assert_identical(network.weights(), before)
