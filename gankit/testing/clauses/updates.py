"""Clauses on one update."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, Batch, State, Trainer, strip_prefix
from gankit.contract.loss_columns import Losses, row
from gankit.errors import shown
from gankit.losses import BUILTIN, Loss
from gankit.testing.agreement import assert_close, assert_identical, differing
from gankit.testing.harness import Setup, ready
from gankit.testing.level_marks import level
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import USERS_LOSS, bound, full, simple

Images = NDArray[np.uint8]
PLAIN = (*(loss for loss in BUILTIN if loss.follower is None), USERS_LOSS)
LOSSES = [pytest.param(loss, id=loss.name) for loss in PLAIN]
each_player = pytest.mark.parametrize("player", ["discriminator", "generator"])


@level("protocol")
class UpdateClauses:
    """Updates: an update changes one network, and depends only on its batch and the state."""

    @each_player
    def test_returns_one_number(self, backend: Backend, images: Images, player: str) -> None:
        """An update returns one number, its loss, if its network's loss has no terms."""
        trainer = ready(backend, problem := simple(backend))
        returned = updated(trainer, player, Setup(problem, images).batch())
        try:
            count = len(row(returned))
        except (TypeError, ValueError):
            count = 0
        assert count == 1, f"update_{player}: got {shown(returned)}; expected one number, its loss"

    def test_discriminator_update_changes_only_the_discriminator(
        self, backend: Backend, images: Images
    ) -> None:
        """A discriminator update changes all weights of the discriminator, and its optimizer.

        It changes nothing else: not the generator, not the average, not `step`.
        """
        changed = changed_names(backend, "discriminator", images)
        assert changed == names_starting_with(backend, "discriminator/", "optimizer/discriminator/")

    def test_generator_update_changes_only_the_generator(
        self, backend: Backend, images: Images
    ) -> None:
        """A generator update changes all weights of the generator.

        It also changes its optimizer, the average and `step`, but nothing of the discriminator.
        """
        changed = changed_names(backend, "generator", images)
        own = ("generator/", "optimizer/generator/", "average/", "step")
        assert changed == names_starting_with(backend, *own)

    @pytest.mark.parametrize("loss", LOSSES)
    def test_returns_the_loss_before_the_update(
        self, backend: Backend, images: Images, loss: Loss
    ) -> None:
        """An update returns the loss of its batch with the weights before the update."""
        trainer = ready(backend, problem := simple(backend, loss=loss))
        batch = Setup(problem, images).batch()
        fake = trainer.discriminator(trainer.generator(batch.noise))
        real = trainer.discriminator(batch.real)
        wanted = float(loss.discriminator(NumpyOps, real, fake))
        assert_losses_close(run_update(trainer, "discriminator", batch), wanted, bound(problem))
        fake = trainer.discriminator(trainer.generator(batch.noise))
        real = trainer.discriminator(batch.real)
        wanted = float(loss.generator(NumpyOps, real, fake))
        assert_losses_close(run_update(trainer, "generator", batch), wanted, bound(problem))

    def test_counts_steps_and_updates(self, backend: Backend, images: Images) -> None:
        """`step` counts the generator's updates, and `t` the updates of each Adam, from 0."""
        trainer = ready(backend, problem := full(backend))
        assert counts(trainer.state()) == (0, 0, 0)
        Setup(problem, images, n_critic=2).updates(trainer, 0, 3)
        assert counts(trainer.state()) == (3, 6, 3)

    @each_player
    def test_uses_the_learning_rate_of_the_batch(
        self, backend: Backend, images: Images, player: str
    ) -> None:
        """An update uses the batch's learning rate: 0 moves no weight, twice moves twice as far."""
        trainer = ready(backend, problem := simple(backend))
        batch, first = Setup(problem, images).batch(), trainer.state()
        changes = []
        for rate in (0.0, 0.01, 0.02):
            trainer.load_state(first)
            run_update(trainer, player, with_scalar(batch, f"{player}/learning_rate", rate))
            after = strip_prefix(trainer.state(), player)
            changes.append({name: w - first[f"{player}/{name}"] for name, w in after.items()})
        none, once, twice = changes
        assert not any(change.any() for change in none.values())
        assert all(change.any() for change in once.values())
        assert_close(twice, {name: 2 * change for name, change in once.items()}, bound(problem))

    @each_player
    def test_update_depends_only_on_state_and_batch(
        self, backend: Backend, images: Images, player: str
    ) -> None:
        """An update from the same state with the same batch gives the same bits, even with dropout.

        What the trainer did before does not matter.
        """
        trainer = ready(backend, problem := full(backend))
        setup, first = Setup(problem, images), trainer.state()
        loss = float(run_update(trainer, player, setup.batch()))
        once = trainer.state()
        setup.updates(trainer, 5, 7)
        trainer.load_state(first)
        again = float(run_update(trainer, player, setup.batch()))
        assert_identical(trainer.state(), once)
        assert again == loss

    @each_player
    def test_dropout_depends_on_the_key(
        self, backend: Backend, images: Images, player: str
    ) -> None:
        """Dropout masks depend on the batch's key: another key gives another update."""
        trainer = ready(backend, problem := full(backend))
        batch, first = Setup(problem, images).batch(), trainer.state()
        run_update(trainer, player, batch)
        once = trainer.state()
        trainer.load_state(first)
        run_update(trainer, player, replace(batch, key=batch.key._replace(update=3)))
        assert differing(trainer.state(), once) >= {
            f"{player}/{w}" for w in strip_prefix(first, player)
        }

    def test_update_leaves_the_batch_unchanged(self, backend: Backend, images: Images) -> None:
        """An update leaves the arrays of its batch unchanged."""
        trainer = ready(backend, problem := full(backend))
        batch = Setup(problem, images).batch()
        before = {"real": batch.real.copy(), "noise": batch.noise.copy()}
        for player in ("discriminator", "generator"):
            run_update(trainer, player, batch)
        assert_identical({"real": batch.real, "noise": batch.noise}, before)

    def test_leaves_global_random_generators_unchanged(
        self, backend: Backend, images: Images
    ) -> None:
        """A step leaves the global random generators of Python and NumPy unchanged."""
        trainer = ready(backend, problem := full(backend))
        before = (random.getstate(), str(np.random.get_state()))
        Setup(problem, images).updates(trainer, 0, 1)
        assert (random.getstate(), str(np.random.get_state())) == before


def run_update(trainer: Trainer, player: str, batch: Batch) -> float:
    """Run one update of `player`; return its loss."""
    return float(update_row(trainer, player, batch)[0])


def update_row(trainer: Trainer, player: str, batch: Batch) -> NDArray[np.float64]:
    """Run one update of `player`; return its loss and the values of its terms."""
    return row(updated(trainer, player, batch))


def updated(trainer: Trainer, player: str, batch: Batch) -> Losses:
    """Run one update of `player`; return what it returns."""
    if player == "discriminator":
        return trainer.update_discriminator(batch)
    return trainer.update_generator(batch)


def with_scalar(batch: Batch, name: str, rate: float) -> Batch:
    """Return the batch with another value of the scalar `name`."""
    return replace(batch, scalars={**batch.scalars, name: rate})


def changed_names(backend: Backend, player: str, images: Images) -> set[str]:
    """Return the names of the arrays that one update of `player` changes."""
    trainer = ready(backend, problem := full(backend))
    # After one step the average differs from the weights, so that the next update changes it.
    Setup(problem, images).updates(trainer, 0, 1)
    before = trainer.state()
    run_update(trainer, player, Setup(problem, images).batch(1))
    return differing(trainer.state(), before)


def names_starting_with(backend: Backend, *prefixes: str) -> set[str]:
    """Return the names in the state that begin with one of `prefixes`."""
    return {name for name in ready(backend, full(backend)).state() if name.startswith(prefixes)}


def counts(state: State) -> tuple[int, ...]:
    """Return the numbers of steps, of discriminator updates and of generator updates."""
    names = ("step", "optimizer/discriminator/t", "optimizer/generator/t")
    return tuple(int(state[name]) for name in names)


def assert_losses_close(found: float, wanted: float, bound: float) -> None:
    """Fail unless two losses agree."""
    assert_close({"loss": np.array(found)}, {"loss": np.array(wanted)}, bound)
