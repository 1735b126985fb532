"""Clauses on classes: class-conditional networks, and discriminators that classify."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import AnyLabels, Array, Backend, Batch, Labels, Problem, State, Trainer
from gankit.errors import ConfigError
from gankit.layers import Dense, Flatten, LeakyReLU
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.clauses.layers import pair_problem
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import assert_losses_close, each_player, run_update
from gankit.testing.harness import Setup, ready, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound, full
from gankit.testing.rgb import CLASSES, rgb_problem, rgb_setup

Images = NDArray[np.uint8]
INVALID: dict[str, Labels | None] = {
    "none": None,
    "too-few": np.zeros(3, np.int64),
    "a-column": np.zeros((4, 1), np.int64),
    "a-class-too-many": np.array([0, 1, 2, CLASSES]),
    "negative": np.array([0, 1, 2, -1]),
    "halves": np.array([0, 0.5, 1, 1.5]),
}
"""Invalid labels for four images."""


@level("protocol")
class LabelClauses:
    """Classes: class-conditional networks, and discriminators that classify.

    The networks need the capability "labels", the classifier needs "class-logits".
    """

    @pytest.mark.parametrize("fault", INVALID)
    def test_refuses_invalid_labels(self, backend: Backend, fault: str) -> None:
        """A class-conditional network needs one label for each image, from 0 to classes - 1.

        It raises ConfigError if labels are missing, too few or too many, out of range or fractions;
        the state does not change.
        """
        trainer = ready(backend, problem := conditional_problem(backend))
        before, x = trainer.state(), rgb_setup(problem).batch().real[:4]
        for network, inputs in ((trainer.generator, noise(problem, 4)), (trainer.discriminator, x)):
            with pytest.raises(ConfigError):
                network(inputs, INVALID[fault])
        assert_identical(trainer.state(), before)

    def test_labels_change_the_output(self, backend: Backend) -> None:
        """A class-conditional network returns another output for another class.

        Each output depends only on the label at its own position.
        """
        trainer = ready(backend, problem := conditional_problem(backend))
        z, x = noise(problem, 4), rgb_setup(problem).batch().real[:4]
        for network, inputs in ((trainer.generator, z), (trainer.discriminator, x)):
            zeros, mixed = (network(inputs, np.array(given)) for given in ([0] * 4, [0, 1, 2, 3]))
            assert_close({"alike": zeros[:1]}, {"alike": mixed[:1]}, bound(problem))
            assert all((a != b).any() for a, b in zip(zeros[1:], mixed[1:], strict=True))

    def test_unconditional_networks_ignore_labels(self, backend: Backend, images: Images) -> None:
        """A network that is not class-conditional gives the same bits with labels and without."""
        trainer = ready(backend, problem := full(backend))
        z, x, given = noise(problem, 4), problem.scale(images[:4]), np.arange(4)
        assert_identical(
            {"images": trainer.generator(z, given), "logits": trainer.discriminator(x, given)},
            {"images": trainer.generator(z), "logits": trainer.discriminator(x)},
        )

    @each_player
    def test_fakes_have_the_labels_of_the_reals(self, backend: Backend, player: str) -> None:
        """In an update, each fake has the class of the real image at the same position.

        Both the generator and the discriminator use this class.
        """
        trainer = ready(backend, problem := conditional_problem(backend))
        batch = rgb_setup(problem).batch()
        fake = trainer.discriminator(trainer.generator(batch.noise, batch.labels), batch.labels)
        real = trainer.discriminator(batch.real, batch.labels)
        wanted = float(getattr(problem.loss, player)(NumpyOps, real, fake))
        assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))

    def test_classify_returns_class_logits(self, backend: Backend) -> None:
        """A discriminator with an auxiliary classifier has `classify(images)`.

        The first column of its last layer is the logit; `classify` returns the others, `(n,
        classes)` in order, in the problem's precision.
        """
        trainer, batch = auxiliary_trainer(backend)
        x = batch.real
        found = {"logits": trainer.discriminator(x), "classes": classes(trainer, x)}
        outputs = expected_outputs(trainer.discriminator.weights(), x)
        wanted = {"logits": outputs[:, 0], "classes": outputs[:, 1:]}
        assert_close(found, wanted, 1e-9 if outputs.dtype == np.float64 else 1e-5)

    @each_player
    def test_auxiliary_classifier_adds_its_loss(self, backend: Backend, player: str) -> None:
        """The auxiliary classifier adds auxiliary * cross-entropy to both networks' losses.

        The discriminator's loss has that of reals and of fakes, the generator's that of fakes. With
        class logits c, the cross-entropy is the mean of logsumexp(c) - c[label].
        """
        trainer, batch = auxiliary_trainer(backend)
        problem = auxiliary(backend)
        fake = trainer.generator(batch.noise)
        logits = (trainer.discriminator(images) for images in (batch.real, fake))
        wanted = float(getattr(problem.loss, player)(NumpyOps, *logits))
        classified = (batch.real, fake) if player == "discriminator" else (fake,)
        for images in classified:
            wanted += problem.auxiliary * cross_entropy(classes(trainer, images), batch.labels)
        assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))


def conditional_problem(backend: Backend) -> Problem:
    """Return a problem with class-conditional networks, or skip."""
    return supported(backend, pair_problem(backend, "labels"))


def auxiliary(backend: Backend) -> Problem:
    """Return a problem with an auxiliary classifier, or skip."""
    generator = (Dense(24), LeakyReLU(0.2), *TO_IMAGE)
    discriminator = (Flatten(), Dense(16), LeakyReLU(0.2), Dense(1 + CLASSES))
    problem = rgb_problem(backend, generator, discriminator, classes=CLASSES, auxiliary=0.7)
    return supported(backend, problem)


def auxiliary_trainer(backend: Backend) -> tuple[Trainer, Batch]:
    """Return a trainer with an auxiliary classifier after two steps, and a batch."""
    trainer = ready(backend, problem := auxiliary(backend))
    setup: Setup = rgb_setup(problem)
    setup.updates(trainer, 0, 2)
    return trainer, setup.batch(2)


def classes(trainer: Trainer, images: Array) -> Array:
    """Return the class logits."""
    classify = getattr(trainer.discriminator, "classify", None)
    assert classify is not None, "the discriminator has no `classify`"
    made: Array = classify(images)
    return made


def expected_outputs(weights: State, images: Array) -> Array:
    """Return all outputs of the discriminator of the problem `auxiliary`."""
    hidden = images.reshape(len(images), -1) @ weights["1.kernel"] + weights["1.bias"]
    made: Array = np.maximum(hidden, 0.2 * hidden) @ weights["3.kernel"] + weights["3.bias"]
    return made


def cross_entropy(logits: Array, labels: AnyLabels | None) -> float:
    """Return the mean of `logsumexp(c) - c[label]`."""
    chosen = logits[np.arange(len(logits)), np.asarray(labels, np.int64)]
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - chosen))
