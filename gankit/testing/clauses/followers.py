"""Clauses on losses with a follower."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gankit.contract import Backend, Precision, Problem, State, strip_prefix
from gankit.followers import LOSS, as_floats
from gankit.layers import Dense, Flatten, Tanh
from gankit.losses import RELATIVISTIC, Loss, NumpyFollowerOps, began
from gankit.testing.agreement import assert_close, layout
from gankit.testing.clauses.updates import (
    assert_losses_close,
    each_player,
    run_update,
    update_row,
)
from gankit.testing.following_loss import FOLLOWING, Balance
from gankit.testing.harness import assert_matches_reference, ready, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound
from gankit.testing.rgb import rgb_problem, rgb_setup

LOSSES = [pytest.param(loss, id=loss.name) for loss in (FOLLOWING, began(rate=0.1))]
MOVED = {"loss/k": np.array(0.75), "loss/mean": np.array(-0.5)}


@level("numerics")
class FollowerClauses:
    """Followers: scalars of a loss that follow the logits (capability "followers").

    `gankit.followers.Follower` defines them; the state has them under "loss/".
    """

    @each_player
    def test_the_loss_reads_its_followers_scalars(self, backend: Backend, player: str) -> None:
        """The loss of an update is that of the scalars in the state before it."""
        trainer = ready(backend, problem := following(backend))
        trainer.load_state(trainer.state() | MOVED)
        batch = rgb_setup(problem).batch()
        real = trainer.discriminator(batch.real)
        fake = trainer.discriminator(trainer.generator(batch.noise))
        loss = FOLLOWING.given(scalars(trainer.state()))
        wanted = float(getattr(loss, player)(NumpyOps, real, fake))
        assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))

    def test_scalars_follow_each_discriminator_update(self, backend: Backend) -> None:
        """A discriminator update moves the scalars by its logits, a generator update does not."""
        trainer = ready(backend, problem := following(backend))
        for r in range(3):
            batch, before = rgb_setup(problem).batch(r), scalars(trainer.state())
            real = trainer.discriminator(batch.real)
            fake = trainer.discriminator(trainer.generator(batch.noise))
            halves = np.asarray(real, np.float64), np.asarray(fake, np.float64)
            wanted = Balance().follow(NumpyFollowerOps(), before, *halves)
            run_update(trainer, "discriminator", batch)
            run_update(trainer, "generator", batch)
            found = strip_prefix(trainer.state(), LOSS)
            expected = {name: np.asarray(x, found[name].dtype) for name, x in wanted.items()}
            assert_close(found, expected, bound(problem))
        assert found["updates"] == 3

    def test_losses_have_the_scalars_that_a_follower_logs(self, backend: Backend) -> None:
        """After its loss, a discriminator update returns them as they are after the update."""
        trainer = ready(backend, problem := following(backend))
        trainer.load_state(trainer.state() | MOVED)
        found = update_row(trainer, "discriminator", rgb_setup(problem).batch())[1:]
        after = scalars(trainer.state())
        wanted = np.array([after[name] for name in Balance.logged])
        assert_close({"logged": found}, {"logged": wanted}, bound(problem))

    @pytest.mark.parametrize("loss", LOSSES)
    def test_a_following_loss_matches_the_reference(self, backend: Backend, loss: Loss) -> None:
        """Losses and states match the reference, the gradients through the scalars' factors too."""
        problem = replace(following(backend), loss=loss)
        assert_matches_reference(backend, rgb_setup(problem, n_critic=2), 3, bound(problem))

    def test_the_state_has_the_scalars_in_float64(self, backend: Backend) -> None:
        """In either precision numbers are float64 and counters int64; other losses have none."""
        plain = replace(following(backend), loss=RELATIVISTIC)
        assert not strip_prefix(ready(backend, plain).state(), LOSS)
        wanted = {"k": "float64 ()", "mean": "float64 ()", "updates": "int64 ()"}
        precisions: tuple[Precision, ...] = ("float32", "float64")
        for precision in precisions:
            if precision in backend.capabilities:
                problem = replace(following(backend), precision=precision)
                assert layout(strip_prefix(ready(backend, problem).state(), LOSS)) == wanted


def following(backend: Backend) -> Problem:
    """Return a problem whose loss has a follower, or skip."""
    discriminator = (Flatten(), Dense(8), Tanh(), Dense(1))
    return supported(backend, rgb_problem(backend, TO_IMAGE, discriminator, loss=FOLLOWING))


def scalars(state: State) -> dict[str, float]:
    """Return the follower's scalars."""
    return as_floats(strip_prefix(state, LOSS))
