"""Clauses on labels that are vectors: continuous conditions, and several attributes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gankit import plugins
from gankit.contract import (
    AnyLabels,
    Array,
    Backend,
    Batch,
    DifferentiableGenerator,
    Labels,
    Problem,
    State,
    Trainer,
)
from gankit.errors import ConfigError
from gankit.launch.run import Run
from gankit.layers import Dense, Embedding, Flatten, LeakyReLU, Tanh
from gankit.penalties import Penalty
from gankit.runs.loss_history import LossHistory
from gankit.terms import Side, Term
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.clauses.blocks import assert_block_equals_updates
from gankit.testing.clauses.exports import ROUNDING, difference
from gankit.testing.clauses.heads import BOTH, formula, outputs_of
from gankit.testing.clauses.layers import pair_problem
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.running_state import without_penalties
from gankit.testing.clauses.updates import assert_losses_close, each_player, run_update
from gankit.testing.harness import assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound
from gankit.testing.rgb import CLASSES, conditions, rgb_problem, rgb_setup, vectors

COLUMNS = 2
HEADS = {"angle": COLUMNS, "width": 2 * COLUMNS, "marks": COLUMNS}
DISCRIMINATOR: tuple[Side, ...] = ("discriminator",)
TERMS = (
    Term("l2", "real/angle", "label", DISCRIMINATOR, 0.7),
    Term("l2", "fake/angle", "label", BOTH, 0.4),
    Term("gaussian", "real/width", "label", DISCRIMINATOR, 0.3),
    Term("binary-cross-entropy", "real/marks", "label", DISCRIMINATOR, 0.6),
    Term("binary-cross-entropy", "fake/marks", "label", ("generator",), 0.5),
)
"""A term of each kind to labels, on one side and on both."""
INVALID: dict[str, AnyLabels | None] = {
    "none": None,
    "classes": np.array([0, 1, 2, 3]),
    "too-few": np.zeros((3, CLASSES)),
    "a-column-too-many": np.zeros((4, CLASSES + 1)),
    "flat": np.zeros(4),
    "not-a-number": np.full((4, CLASSES), np.nan),
}
"""Invalid label vectors of four images."""


@level("protocol")
class LabelVectorClauses:
    """Label vectors: conditional layers and terms of real numbers instead of classes.

    They need the capability "label-vectors". A class is the special case of a one-hot vector.
    """

    @pytest.mark.parametrize("fault", INVALID)
    def test_refuses_invalid_label_vectors(self, backend: Backend, fault: str) -> None:
        """A conditional network needs a row of finite real numbers for each image.

        It raises ConfigError for labels of another shape, for whole numbers and for NaN; the state
        does not change.
        """
        trainer = ready(backend, problem := vector_pair(backend))
        before, x = trainer.state(), rgb_setup(problem).batch().real[:4]
        for network, inputs in ((trainer.generator, noise(problem, 4)), (trainer.discriminator, x)):
            with pytest.raises(ConfigError):
                network(inputs, INVALID[fault])
        assert_identical(trainer.state(), before)

    def test_a_class_is_a_one_hot_vector(self, backend: Backend) -> None:
        """Networks of label vectors have the weights and outputs of those of classes, one-hot."""
        problem, classes = vector_pair(backend), pair_problem(backend, "labels")
        ours, theirs = ready(backend, problem), ready(backend, supported(backend, classes))
        z, x = noise(problem, 4), rgb_setup(problem).batch().real[:4]
        labels: Labels = np.array([2, 0, 3, 1])
        found, wanted = (
            _outputs(trainer, z, x, given)
            for trainer, given in ((ours, np.eye(CLASSES)[labels]), (theirs, labels))
        )
        assert_close(found, wanted, bound(problem))

    def test_a_projection_is_linear_in_the_label(self, backend: Backend) -> None:
        """The logit of a mean of labels is the mean of the logits, of a projection alone."""
        trainer = ready(backend, problem := vector_pair(backend, embedded=False))
        x, labels = rgb_setup(problem).batch().real[:8], 3 * vectors(CLASSES)[:8]
        first, last, mean = (
            trainer.discriminator(x, given)
            for given in (labels, labels[::-1].copy(), (labels + labels[::-1]) / 2)
        )
        assert_close({"logits": mean}, {"logits": (first + last) / 2}, bound(problem))
        assert (abs(first - last) > bound(problem)).any()

    @each_player
    def test_terms_of_label_vectors_add_their_formulas(self, backend: Backend, player: str) -> None:
        """Each term compares a head with the label of the image at the same position."""
        trainer, batch = vector_trainer(backend)
        problem = vector_problem(backend)
        fake = trainer.generator(batch.noise, batch.labels)
        images = {"fake": fake, "real": batch.real}
        logits = (trainer.discriminator(x) for x in (batch.real, fake))
        wanted = float(getattr(problem.loss, player)(NumpyOps, *logits))
        for term in TERMS:
            if player in term.sides:
                of = outputs_of(trainer, images[term.half], term.head)
                wanted += term.weight * formula(term, of, np.asarray(batch.labels))
        assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))

    @level("numerics")
    def test_label_vectors_match_the_reference(self, backend: Backend) -> None:
        """With conditional networks, and with terms, three steps match within 1e-9."""
        require(backend, "float64")
        assert_matches_reference(backend, rgb_setup(vector_pair(backend), 2), 3, 1e-9)
        assert_matches_reference(backend, rgb_setup(vector_problem(backend), 2), 3, 1e-9)

    @level("portability")
    def test_an_export_takes_label_vectors(self, backend: Backend) -> None:
        """An exported generator has label vectors as the input "labels", `(n, d)` float32."""
        if not backend.exports:
            pytest.skip(f"backend {backend.name!r} offers no 'exports'")
        problem = replace(vector_pair(backend), precision="float32")
        run = Run(problem, ready(backend, supported(backend, problem)), 0, LossHistory([]))
        for name, export in backend.exports.items():
            if not plugins.missing(export.requires):
                assert difference(export, run) <= ROUNDING, name

    @level("numerics")
    def test_a_block_with_label_vectors_equals_its_updates(self, backend: Backend) -> None:
        """A block of steps on label vectors leaves the state of its updates."""
        setup = rgb_setup(vector_problem(backend), 2)
        assert_block_equals_updates(backend, setup, setup.steps(0, 3))


def _outputs(trainer: Trainer, z: Array, x: Array, labels: AnyLabels) -> State:
    """Return images, logits and, if the generator has it, a gradient at the noise."""
    generator = trainer.generator
    made = {"images": generator(z, labels), "logits": trainer.discriminator(x, labels)}
    if isinstance(generator, DifferentiableGenerator):
        made["gradient"] = generator.noise_gradient(z, x, labels)[1]
    return made


def vector_pair(backend: Backend, *, embedded: bool = True) -> Problem:
    """Return a problem whose networks both are conditional, or skip.

    Without `embedded`, the discriminator has a projection alone.
    """
    problem = replace(pair_problem(backend, "labels"), classes=0, conditions=conditions(CLASSES))
    if not embedded:
        assert isinstance(problem.discriminator, tuple)
        problem = replace(problem, discriminator=problem.discriminator[1:])
    return supported(backend, problem)


def vector_problem(backend: Backend) -> Problem:
    """Return a problem with a conditional generator and terms to the labels, or skip."""
    generator = (Embedding(3), Dense(24), LeakyReLU(0.2), *TO_IMAGE)
    discriminator = (Flatten(), Dense(16), Tanh(), Dense(1 + sum(HEADS.values())))
    penalised = "input-gradients" in backend.capabilities
    problem = rgb_problem(
        backend,
        generator,
        discriminator,
        conditions=conditions(COLUMNS),
        heads=HEADS,
        terms=TERMS,
        penalties=(Penalty("real", 0.0, 0.5),) if penalised else (),
    )
    return supported(backend, problem)


def vector_trainer(backend: Backend) -> tuple[Trainer, Batch]:
    """Return a trainer of `vector_problem` after two steps, and a batch without penalties."""
    trainer = ready(backend, problem := vector_problem(backend))
    setup = rgb_setup(problem)
    setup.updates(trainer, 0, 2)
    return trainer, without_penalties(setup.batch(2))
