"""Clauses on classes: class-conditional networks, and discriminators that classify."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Array, Backend, Batch, Labels, Problem, State, Trainer
from gankit.errors import ConfigError
from gankit.layers import Dense, Flatten, LeakyReLU
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.clauses.layers import paired
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import assert_losses_close, each_player, take
from gankit.testing.harness import Setup, possible, ready
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAINT
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound, full
from gankit.testing.rgb import CLASSES, coloured, rgb_setup

Images = NDArray[np.uint8]
WRONG: dict[str, Labels | None] = {
    "none": None,
    "too-few": np.zeros(3, np.int64),
    "a-column": np.zeros((4, 1), np.int64),
    "a-class-too-many": np.array([0, 1, 2, CLASSES]),
    "negative": np.array([0, 1, 2, -1]),
    "halves": np.array([0, 0.5, 1, 1.5]),
}
"""Labels that do not fit four images."""


@level("protocol")
class LabelClauses:
    """Classes: class-conditional networks, and discriminators that classify.

    The first need the capability "labels", the second "class-logits".
    """

    @pytest.mark.parametrize("fault", WRONG)
    def test_refuses_wrong_labels(self, backend: Backend, fault: str) -> None:
        """A class-conditional network needs one label for each image, from 0 to classes - 1.

        Without labels, with another number of them, others, or fractions it raises ConfigError,
        and nothing changes.
        """
        trainer = ready(backend, problem := conditional(backend))
        before, x = trainer.state(), rgb_setup(problem).batch().real[:4]
        for network, inputs in ((trainer.generator, noise(problem, 4)), (trainer.discriminator, x)):
            with pytest.raises(ConfigError):
                network(inputs, WRONG[fault])
        assert_identical(trainer.state(), before)

    def test_labels_change_the_answer(self, backend: Backend) -> None:
        """A class-conditional network returns something else for another class.

        Each image's result depends on its own class only.
        """
        trainer = ready(backend, problem := conditional(backend))
        z, x = noise(problem, 4), rgb_setup(problem).batch().real[:4]
        for network, inputs in ((trainer.generator, z), (trainer.discriminator, x)):
            zeros, mixed = (network(inputs, np.array(given)) for given in ([0] * 4, [0, 1, 2, 3]))
            assert_close({"alike": zeros[:1]}, {"alike": mixed[:1]}, bound(problem))
            assert all((a != b).any() for a, b in zip(zeros[1:], mixed[1:], strict=True))

    def test_other_networks_ignore_labels(self, backend: Backend, images: Images) -> None:
        """A network that is not class-conditional gives the same bits with labels and without."""
        trainer = ready(backend, problem := full(backend))
        z, x, given = noise(problem, 4), problem.scale(images[:4]), np.arange(4)
        assert_identical(
            {"images": trainer.generator(z, given), "logits": trainer.discriminator(x, given)},
            {"images": trainer.generator(z), "logits": trainer.discriminator(x)},
        )

    @each_player
    def test_fakes_take_the_labels_of_the_reals(self, backend: Backend, player: str) -> None:
        """In an update, each fake has the class of the real image at the same position.

        It is generated for that class, and evaluated with it.
        """
        trainer = ready(backend, problem := conditional(backend))
        batch = rgb_setup(problem).batch()
        fake = trainer.discriminator(trainer.generator(batch.noise, batch.labels), batch.labels)
        real = trainer.discriminator(batch.real, batch.labels)
        wanted = float(getattr(problem.loss, player)(NumpyOps, real, fake))
        assert_losses_close(take(trainer, player, batch), wanted, bound(problem))

    def test_classifies(self, backend: Backend) -> None:
        """A discriminator with an auxiliary classifier has the method `classify`.

        The first column of its last layer is the logit; `classify` returns the others, `(n,
        classes)` in order, in the problem's precision.
        """
        trainer, batch = classifying(backend)
        x = batch.real
        found = {"logits": trainer.discriminator(x), "classes": classes(trainer, x)}
        made = by_hand(trainer.discriminator.weights(), x)
        wanted = {"logits": made[:, 0], "classes": made[:, 1:]}
        assert_close(found, wanted, 1e-9 if made.dtype == np.float64 else 1e-5)

    @each_player
    def test_the_classifier_adds_its_loss(self, backend: Backend, player: str) -> None:
        """The auxiliary classifier adds auxiliary * cross-entropy to both networks' losses.

        For the discriminator of real images and of fakes, for the generator of fakes; with c the
        class logits it is the mean of logsumexp(c) - c[label].
        """
        trainer, batch = classifying(backend)
        problem = auxiliary(backend)
        fake = trainer.generator(batch.noise)
        logits = (trainer.discriminator(images) for images in (batch.real, fake))
        wanted = float(getattr(problem.loss, player)(NumpyOps, *logits))
        judged = (batch.real, fake) if player == "discriminator" else (fake,)
        for images in judged:
            wanted += problem.auxiliary * cross_entropy(classes(trainer, images), batch.labels)
        assert_losses_close(take(trainer, player, batch), wanted, bound(problem))


def conditional(backend: Backend) -> Problem:
    """Return a problem whose networks look at classes, or skip."""
    return possible(backend, paired(backend, "labels"))


def auxiliary(backend: Backend) -> Problem:
    """Return a problem with an auxiliary classifier, or skip."""
    generator = (Dense(24), LeakyReLU(0.2), *PAINT)
    discriminator = (Flatten(), Dense(16), LeakyReLU(0.2), Dense(1 + CLASSES))
    problem = coloured(backend, generator, discriminator, classes=CLASSES, auxiliary=0.7)
    return possible(backend, problem)


def classifying(backend: Backend) -> tuple[Trainer, Batch]:
    """Return a trainer with an auxiliary classifier, two steps on, and a batch."""
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


def by_hand(weights: State, images: Array) -> Array:
    """Return all that the auxiliary problem's discriminator makes of images."""
    hidden = images.reshape(len(images), -1) @ weights["1.kernel"] + weights["1.bias"]
    made: Array = np.maximum(hidden, 0.2 * hidden) @ weights["3.kernel"] + weights["3.bias"]
    return made


def cross_entropy(logits: Array, labels: Labels | None) -> float:
    """Return the mean of `logsumexp(c) - c[label]`."""
    chosen = logits[np.arange(len(logits)), labels]
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - chosen))
