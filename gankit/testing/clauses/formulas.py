"""Clauses on formulas, compared with the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, strip_prefix
from gankit.losses import Loss
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import LOSSES
from gankit.testing.harness import (
    Setup,
    assert_matches_reference,
    ready,
    reference,
    require,
    train_by_updates,
)
from gankit.testing.level_marks import level
from gankit.testing.problems import (
    ADAM,
    HIDDEN,
    SIMPLE,
    bound,
    discriminator,
    full,
    generator,
    simple,
)

Images = NDArray[np.uint8]
EPSILON = replace(ADAM, epsilon=1e-3)


@level("numerics")
class FormulaClauses:
    """Formulas: the same problem and batches give the reference's numbers.

    Arrays a and b agree within a bound if max |a - b| <= bound * max(1, max |b|).
    """

    def test_sgd_matches_the_reference(self, backend: Backend, images: Images) -> None:
        """In float64, 20 steps of SGD match the reference's losses and weights within 1e-9."""
        require(backend, "float64")
        assert_matches_reference(backend, Setup(simple(backend), images), 20, 1e-9)

    def test_adam_matches_the_reference(self, backend: Backend, images: Images) -> None:
        """In float64, 100 steps of Adam with dropout match the reference's state within 1e-9."""
        require(backend, "float64")
        assert_matches_reference(backend, Setup(full(backend), images), 100, 1e-9)

    def test_float32_matches_the_reference(self, backend: Backend, images: Images) -> None:
        """In float32, 20 steps of SGD match the reference's weights within 1e-6."""
        require(backend, "float32")
        setup = Setup(SIMPLE, images)
        found, wanted = (train_by_updates(b, setup, 20) for b in (backend, reference()))
        assert_close(strip_prefix(found, "generator"), strip_prefix(wanted, "generator"), 1e-6)
        assert_close(
            strip_prefix(found, "discriminator"), strip_prefix(wanted, "discriminator"), 1e-6
        )

    @pytest.mark.parametrize("loss", LOSSES)
    def test_every_loss_matches_the_reference(
        self, backend: Backend, images: Images, loss: Loss
    ) -> None:
        """Every built-in loss, and a user's own loss, matches the reference."""
        problem = simple(backend, loss=loss)
        assert_matches_reference(backend, Setup(problem, images), 3, bound(problem))

    @pytest.mark.parametrize("loss", LOSSES)
    def test_large_logits_do_not_overflow(
        self, backend: Backend, images: Images, loss: Loss
    ) -> None:
        """With logits in the thousands an update matches the reference, without overflow."""
        problem = simple(backend, loss=loss, discriminator=discriminator(*HIDDEN["sigmoid"]))
        ends = []
        for each in (backend, reference()):
            trainer = ready(each, problem)
            state = trainer.state()
            far = {name: 1e4 * w for name, w in state.items() if name.startswith("discriminator/")}
            trainer.load_state(state | far)
            losses = Setup(problem, images).updates(trainer, 0, 1)
            ends.append(trainer.state() | {"losses": losses})
        found, wanted = ends
        assert np.isfinite(wanted["losses"]).all()
        assert_close(found, wanted, bound(problem))

    @pytest.mark.parametrize("layer", HIDDEN)
    def test_every_layer_matches_the_reference(
        self, backend: Backend, images: Images, layer: str
    ) -> None:
        """Every kind of layer, in both networks, matches the reference."""
        hidden = HIDDEN[layer]
        networks = {"generator": generator(*hidden), "discriminator": discriminator(*hidden)}
        problem = simple(backend, **networks)
        assert_matches_reference(backend, Setup(problem, images), 3, bound(problem))

    @pytest.mark.parametrize("fresh", [True, False], ids=["fresh-noise", "shared-noise"])
    @pytest.mark.parametrize("n_critic", [1, 2, 3])
    def test_every_n_critic_matches_the_reference(
        self, backend: Backend, images: Images, n_critic: int, fresh: bool
    ) -> None:
        """Steps with 1 to 3 discriminator updates, fresh or shared noise, match the reference."""
        problem = simple(backend, fresh_noise=fresh)
        setup = Setup(problem, images, n_critic)
        assert_matches_reference(backend, setup, 3, bound(problem))

    def test_calls_match_the_reference(self, backend: Backend, images: Images) -> None:
        """Called with the same inputs, both networks return the same as the reference's."""
        problem = full(backend)
        mine, other = ready(backend, problem), ready(reference(), problem)
        z, x = noise(problem), problem.scale(images[:5])
        found, wanted = (
            {"images": trainer.generator(z), "logits": trainer.discriminator(x)}
            for trainer in (mine, other)
        )
        assert_close(found, wanted, bound(problem))

    def test_adds_epsilon_after_the_bias_correction(self, backend: Backend, images: Images) -> None:
        """Adam adds epsilon to the root after the bias correction, tested with epsilon 1e-3."""
        optimizers = {"generator_optimizer": EPSILON, "discriminator_optimizer": EPSILON}
        problem = simple(backend, **optimizers)
        assert_matches_reference(backend, Setup(problem, images), 10, bound(problem))
