"""Clauses on sources: a second set of images that networks take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Array, Backend, Batch, Problem, Trainer
from gankit.contract.random_streams import Stream, generator
from gankit.layers import Concat, Dense, Flatten, LeakyReLU, Reshape, Spec, Tanh
from gankit.penalties import Penalty
from gankit.terms import Term
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.blocks import assert_block_equals_updates
from gankit.testing.clauses.running_state import without_penalties
from gankit.testing.clauses.updates import assert_losses_close, run_update
from gankit.testing.harness import Setup, assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound
from gankit.testing.rgb import COUNT, IMAGE, images, rgb_problem

SOURCE = (12, 8, 1)
UNPAIRED = 40
"""Number of unpaired sources: another than that of the images."""
BODY: Spec = (Flatten(), Dense(24), LeakyReLU(0.2), *TO_IMAGE)
CRITIC: Spec = (Flatten(), Dense(16), Tanh(), Dense(1))
SEES = {"real": ("real", "source"), "fake": ("fake", "source")}
KINDS: dict[str, dict[str, Any]] = {
    "paired": {
        "generator": BODY,
        "discriminator": (Concat(1), *CRITIC),
        "source": "paired",
        "source_shape": SOURCE,
        "inputs": ("source",),
        "sees": SEES,
        "terms": (Term("l1", "fake", "real", weight=0.5), Term("l2", "fake", "real", weight=0.3)),
    },
    "noise": {
        "generator": (Dense(96), Reshape(SOURCE), Concat(1), *BODY),
        "discriminator": CRITIC,
        "source": "paired",
        "source_shape": SOURCE,
        "inputs": ("noise", "source"),
        "fresh_noise": False,
    },
    "unpaired": {
        "generator": BODY,
        "discriminator": CRITIC,
        "source": "unpaired",
        "source_shape": IMAGE,
        "inputs": ("source",),
        "terms": (Term("l1", "fake", "source", weight=0.5),),
    },
}
KINDS["joined"] = KINDS["paired"]
"""Changes of a problem: a pair for a generator without noise, one with noise, no pairs, and the
first again, without penalties, so that both halves are in one pass."""
each_kind = pytest.mark.parametrize("kind", KINDS)


@level("protocol")
class SourceClauses:
    """Sources: a second set of images, which generators and discriminators take.

    They need the capability "sources".
    """

    @each_kind
    def test_a_generator_takes_its_inputs(self, backend: Backend, kind: str) -> None:
        """A call with a source, or with noise and a source, returns the generator's formula."""
        trainer, batch, problem = source_trainer(backend, kind)
        found = trainer.generator(inputs_of(problem, batch))
        assert_close(
            {"images": found}, {"images": by_formula(trainer, kind, batch)}, bound(problem)
        )

    def test_a_discriminator_takes_the_source(self, backend: Backend) -> None:
        """A call with images and their sources returns the logits of the pairs."""
        trainer, batch, problem = source_trainer(backend, "paired")
        source = np.asarray(batch.source)
        found, wanted = (
            trainer.discriminator((batch.real, source)),
            logits_of(trainer, batch.real, source),
        )
        assert_close({"logits": found}, {"logits": wanted}, bound(problem))

    @each_kind
    def test_terms_of_images_add_their_formulas(self, backend: Backend, kind: str) -> None:
        """The generator's loss has each term of its images, times its weight."""
        trainer, batch, problem = source_trainer(backend, kind)
        fake, source = by_formula(trainer, kind, batch), np.asarray(batch.source)
        logits = logits_of(trainer, fake, source if problem.sees_source else None)
        wanted = float(problem.loss.generator(NumpyOps, None, logits))
        for term in problem.terms:
            differences = fake - (batch.real if term.to == "real" else source)
            each = np.abs(differences) if term.kind == "l1" else differences**2
            wanted += term.weight * float(each.mean())
        assert_losses_close(run_update(trainer, "generator", batch), wanted, bound(problem))

    @level("numerics")
    @each_kind
    def test_sources_match_the_reference(self, backend: Backend, kind: str) -> None:
        """With sources, and mirrored pairs and penalties if claimed, three steps match."""
        require(backend, "float64")
        setup = source_setup(source_problem(backend, kind), 2)
        assert_matches_reference(backend, setup, 3, 1e-9)

    @level("numerics")
    @each_kind
    def test_a_block_with_sources_equals_its_updates(self, backend: Backend, kind: str) -> None:
        """A block of steps leaves the state of its updates, pairs mirrored together."""
        setup = source_setup(source_problem(backend, kind), 2)
        assert_block_equals_updates(backend, setup, setup.steps(0, 3))


def source_problem(backend: Backend, kind: str) -> Problem:
    """Return a problem with sources of one of the `KINDS`, or skip."""
    changes = dict(KINDS[kind])
    networks = changes.pop("generator"), changes.pop("discriminator")
    if "augment" in backend.capabilities:
        changes["flip"] = True
    if "input-gradients" in backend.capabilities and kind != "joined":
        changes["penalties"] = (Penalty("real", 0.0, 0.5), Penalty("between", 1.0, 0.5, 1e-3))
    return supported(backend, rgb_problem(backend, *networks, **changes))


def source_setup(problem: Problem, n_critic: int = 1) -> Setup:
    """Return a setup with images and sources."""
    return Setup(problem, images(), n_critic, source=sources(problem))


def sources(problem: Problem) -> NDArray[np.uint8]:
    """Return uint8 sources for a problem: one for each image, or others."""
    count = COUNT if problem.source == "paired" else UNPAIRED
    random = generator(1, Stream.SAMPLE)
    return random.integers(0, 256, (count, *(problem.source_shape or ())), np.uint8)


def source_trainer(backend: Backend, kind: str) -> tuple[Trainer, Batch, Problem]:
    """Return a trainer with sources after two steps, a batch without penalties, the problem."""
    problem = source_problem(backend, kind)
    trainer, setup = ready(backend, problem), source_setup(problem)
    setup.updates(trainer, 0, 2)
    return trainer, without_penalties(setup.batch(2)), problem


def inputs_of(problem: Problem, batch: Batch) -> Array | tuple[Array, ...]:
    """Return what a generator is called with."""
    values = {"noise": batch.noise, "source": np.asarray(batch.source)}
    found = tuple(values[name] for name in problem.inputs)
    return found if len(found) > 1 else found[0]


def by_formula(trainer: Trainer, kind: str, batch: Batch) -> Array:
    """Return the images of a generator by its formula."""
    weights, x, first = trainer.generator.weights(), np.asarray(batch.source), 1
    if kind == "noise":
        rows = batch.noise @ weights["0.kernel"] + weights["0.bias"]
        x, first = np.concatenate([rows.reshape(-1, *SOURCE), x], axis=3), 4
    hidden = dense(weights, first, x.reshape(len(x), -1))
    made = dense(weights, first + 2, np.maximum(hidden, 0.2 * hidden))
    return np.asarray(np.tanh(made).reshape(-1, *IMAGE))


def logits_of(trainer: Trainer, shown: Array, source: Array | None) -> Array:
    """Return the logits of images, or of pairs, by the discriminator's formula."""
    weights, first = trainer.discriminator.weights(), 1
    if source is not None:
        shown, first = np.concatenate([shown, source], axis=3), 2
    hidden = np.tanh(dense(weights, first, shown.reshape(len(shown), -1)))
    return np.asarray(dense(weights, first + 2, hidden)[:, 0])


def dense(weights: Any, number: int, rows: Array) -> Array:  # noqa: ANN401 - a state.
    """Return the outputs of a dense layer."""
    made: Array = rows @ weights[f"{number}.kernel"] + weights[f"{number}.bias"]
    return made
