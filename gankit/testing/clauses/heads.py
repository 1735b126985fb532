"""Clauses on codes in the noise, heads of the discriminator, and the terms that compare them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gankit.codes import Code
from gankit.contract import AnyLabels, Array, Backend, Batch, Labels, Problem, Trainer
from gankit.layers import Dense, Flatten, LeakyReLU, Tanh
from gankit.penalties import Penalty
from gankit.terms import Side, Term
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.blocks import assert_block_equals_updates, block_trainer
from gankit.testing.clauses.running_state import without_penalties
from gankit.testing.clauses.updates import assert_losses_close, each_player, run_update, update_row
from gankit.testing.harness import assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound
from gankit.testing.rgb import CLASSES, rgb_problem, rgb_setup

CODES = (Code("digit", "categorical", 3), Code("slant", "uniform", 2), Code("width", "normal", 2))
HEADS = {"digit": 3, "class": CLASSES, "slant": 2, "width": 4}
BOTH: tuple[Side, ...] = ("generator", "discriminator")
TERMS = (
    Term("cross-entropy", "fake/digit", "code/digit", BOTH, 0.9),
    Term("l2", "fake/slant", "code/slant", BOTH, 0.3),
    Term("gaussian", "fake/width", "code/width", ("generator",), 0.2),
    Term("cross-entropy", "real/class", "label", ("discriminator",), 0.7),
    Term("l2", "fake/digit", "code/digit", ("discriminator",), 0.4),
    Term("l1", "fake/slant", "code/slant", BOTH, 0.6),
)
"""A term of each kind, on one side and on both."""


@level("protocol")
class HeadClauses:
    """Heads: codes in the noise, heads of the discriminator, and terms that compare the two.

    They need the capability "heads". The discriminator has a head for each code, and one for the
    labels.
    """

    @pytest.mark.parametrize("head", HEADS)
    def test_a_head_has_its_columns(self, backend: Backend, head: str) -> None:
        """`classify(images, head)` returns the head's columns of the discriminator's last layer."""
        trainer, batch = head_trainer(backend)
        weights, x = trainer.discriminator.weights(), batch.real
        hidden = np.tanh(x.reshape(len(x), -1) @ weights["1.kernel"] + weights["1.bias"])
        outputs = hidden @ weights["3.kernel"] + weights["3.bias"]
        columns = head_problem(backend).head_columns[head]
        found = {head: outputs_of(trainer, x, head), "logits": trainer.discriminator(x)}
        wanted = {head: outputs[:, columns], "logits": outputs[:, 0]}
        assert_close(found, wanted, bound(head_problem(backend)))

    @each_player
    def test_terms_add_their_formulas(self, backend: Backend, player: str) -> None:
        """Each term adds its weight times its formula to the losses of its sides, and no other."""
        trainer, batch = head_trainer(backend)
        assert_loss_has_terms(backend, trainer, player, batch)

    @pytest.mark.parametrize("labelled", [0, 1, 5])
    def test_images_without_a_label_are_left_out(self, backend: Backend, labelled: int) -> None:
        """The cross-entropy to the labels is the mean over the images that have one.

        The label -1 stands for none. Without any label in the batch the term is 0.
        """
        trainer, batch = head_trainer(backend)
        batch = replace(batch, labels=some_labels(batch.labels, labelled))
        assert_loss_has_terms(backend, trainer, "discriminator", batch)

    @each_player
    def test_an_update_returns_the_value_of_each_term(self, backend: Backend, player: str) -> None:
        """After the loss an update returns the value of each of its terms, without its weight."""
        trainer, batch = head_trainer(backend)
        problem = head_problem(backend)
        images = {"fake": trainer.generator(batch.noise), "real": batch.real}
        wanted = [
            formula(
                term,
                outputs_of(trainer, images[term.half], term.head),
                target(problem, term, batch),
            )
            for term in TERMS
            if player in term.sides
        ]
        found = update_row(trainer, player, batch)[1:]
        assert_close({"terms": found}, {"terms": np.array(wanted)}, bound(problem))

    @level("numerics")
    @pytest.mark.parametrize("fresh", [True, False], ids=["fresh-noise", "shared-noise"])
    def test_terms_match_the_reference(self, backend: Backend, fresh: bool) -> None:
        """With codes and terms, and a penalty if claimed, three steps match within 1e-9."""
        require(backend, "float64")
        problem = head_problem(backend, fresh_noise=fresh)
        assert_matches_reference(backend, rgb_setup(problem, 2), 3, 1e-9)

    @level("numerics")
    def test_few_labels_match_the_reference(self, backend: Backend) -> None:
        """If most images have no label, three steps match within 1e-9."""
        require(backend, "float64")
        setup = rgb_setup(head_problem(backend), 2)
        setup = replace(setup, labels=some_labels(setup.labels, 9))
        assert_matches_reference(backend, setup, 3, 1e-9)

    @level("numerics")
    def test_a_block_with_terms_equals_its_updates(self, backend: Backend) -> None:
        """A block of steps with codes and terms leaves the state of its updates."""
        setup = rgb_setup(head_problem(backend), 2)
        setup = replace(setup, labels=some_labels(setup.labels, 40))
        assert_block_equals_updates(backend, setup, setup.steps(0, 3))

    @level("numerics")
    def test_a_block_returns_the_values_of_terms(self, backend: Backend) -> None:
        """After both losses a block returns the columns of `problem.loss_columns`.

        They are the means of the discriminator's terms over the step's updates, then the
        generator's terms.
        """
        setup = rgb_setup(head_problem(backend), 2)
        trainer = block_trainer(backend, setup.problem)
        first = trainer.state()
        found = np.asarray(setup.block(trainer, 0, 3), np.float64)
        trainer.load_state(first)
        assert found.shape == (3, len(setup.problem.loss_columns))
        assert_close({"losses": found}, {"losses": setup.updates(trainer, 0, 3)}, 1e-6)


def head_problem(backend: Backend, *, fresh_noise: bool = True) -> Problem:
    """Return a problem with codes, heads and terms, or skip."""
    generator = (Dense(24), LeakyReLU(0.2), *TO_IMAGE)
    discriminator = (Flatten(), Dense(16), Tanh(), Dense(1 + sum(HEADS.values())))
    penalised = "input-gradients" in backend.capabilities
    problem = rgb_problem(
        backend,
        generator,
        discriminator,
        classes=CLASSES,
        codes=CODES,
        heads=HEADS,
        terms=TERMS,
        penalties=(Penalty("real", 0.0, 0.5),) if penalised else (),
        fresh_noise=fresh_noise,
    )
    return supported(backend, problem)


def head_trainer(backend: Backend) -> tuple[Trainer, Batch]:
    """Return a trainer with heads after two steps, and a batch without penalties."""
    problem = head_problem(backend)
    trainer = ready(backend, problem)
    setup = rgb_setup(problem)
    setup.updates(trainer, 0, 2)
    return trainer, without_penalties(setup.batch(2))


def some_labels(given: AnyLabels | None, count: int) -> Labels:
    """Return labels of which all but the last `count` are -1."""
    labels = np.asarray(given, np.int64)
    return np.where(np.arange(len(labels)) < len(labels) - count, -1, labels)


def assert_loss_has_terms(backend: Backend, trainer: Trainer, player: str, batch: Batch) -> None:
    """Check a player's loss: the adversarial one, and the terms of its side by their formulas."""
    problem = head_problem(backend)
    fake = trainer.generator(batch.noise)
    images = {"fake": fake, "real": batch.real}
    logits = (trainer.discriminator(x) for x in (batch.real, fake))
    wanted = float(getattr(problem.loss, player)(NumpyOps, *logits))
    for term in TERMS:
        if player in term.sides:
            of = outputs_of(trainer, images[term.half], term.head)
            wanted += term.weight * formula(term, of, target(problem, term, batch))
    assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))


def outputs_of(trainer: Trainer, images: Array, head: str) -> Array:
    """Return the outputs of a head."""
    classify = getattr(trainer.discriminator, "classify", None)
    assert classify is not None, "the discriminator has no `classify`"
    made: Array = classify(images, head)
    return made


def target(problem: Problem, term: Term, batch: Batch) -> Array:
    """Return what the outputs of a term's head are compared with."""
    if term.code:
        code: Array = batch.noise[:, problem.code_columns[term.code]]
        return code
    labels = np.asarray(batch.labels, np.int64)
    return np.where(labels[:, np.newaxis] < 0, 0, np.eye(problem.classes)[labels])


def formula(term: Term, of: Array, to: Array) -> float:
    """Return the value of a term with weight 1."""
    match term.kind:
        case "cross-entropy":
            values = np.log(np.exp(of).sum(axis=1)) - (of * to).sum(axis=1)
            labelled = to.any(axis=1)
            return float(values[labelled].mean()) if labelled.any() else 0.0
        case "l1":
            return float(np.mean(np.abs(of - to)))
        case "binary-cross-entropy":
            return float(np.mean(np.log1p(np.exp(of)) - to * of))
        case "l2":
            return float(np.mean((of - to) ** 2))
        case "gaussian":
            means, logs = np.split(of, 2, axis=1)
            deviations = np.exp(0.5 * logs)
            density = np.exp(-0.5 * ((to - means) / deviations) ** 2)
            return float(-np.mean(np.sum(np.log(density / deviations / np.sqrt(2 * np.pi)), 1)))
    raise TypeError(f"got a term of kind {term.kind}; expected one of a head")
