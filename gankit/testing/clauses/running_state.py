"""Clauses on the running state of batch normalisation and spectral norm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gankit.contract import Backend, Batch, Problem, State, strip_prefix
from gankit.layers import is_running
from gankit.penalties import Penalty
from gankit.testing.agreement import assert_close, assert_identical, differing
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import assert_losses_close, each_player, take
from gankit.testing.harness import possible, ready, require
from gankit.testing.level_marks import level
from gankit.testing.problems import AVERAGE, bound
from gankit.testing.rgb import coloured, rgb_setup
from gankit.testing.stateful_networks import KINDS

each_kind = pytest.mark.parametrize("kind", KINDS)


@level("numerics")
class RunningClauses:
    """Running state: what batch normalisation and spectral norm save from their passes."""

    @each_kind
    @each_player
    def test_running_state_moves_in_its_own_networks_update(
        self, backend: Backend, kind: str, player: str
    ) -> None:
        """An update moves all running state of its own network, and none of the other's."""
        trainer = ready(backend, problem := remembering(backend, kind))
        before = trainer.state()
        take(trainer, player, rgb_setup(problem).batch())
        moved = {name for name in differing(trainer.state(), before) if is_running(name)}
        wanted = {name for name in running(before) if name.startswith(f"{player}/")}
        assert {name for name in moved if not name.startswith("average/")} == wanted

    @each_kind
    def test_penalties_move_no_running_state(self, backend: Backend, kind: str) -> None:
        """Only the adversarial pass moves running state; a penalty's pass does not."""
        require(backend, "input-gradients")
        trainer = ready(backend, problem := remembering(backend, kind))
        batch, first, ends = rgb_setup(problem).batch(), trainer.state(), []
        for given in (batch, quiet(batch)):
            trainer.load_state(first)
            take(trainer, "discriminator", given)
            ends.append(trainer.state())
        assert differing(*ends)
        assert_close(running(ends[0]), running(ends[1]), bound(problem) / 1000)

    @each_kind
    @each_player
    def test_running_state_follows_its_formula(
        self, backend: Backend, kind: str, player: str
    ) -> None:
        """An update's loss depends on its own batch, and running state moves by its formula.

        Batch normalisation uses the mean and the biased variance of fakes and of reals, each
        separately, in either update; its running state averages both. Spectral norm makes one
        power iteration in each training pass; the pass of its own network's update saves it.
        """
        trainer = ready(backend, problem := remembering(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 2)
        before, batch = trainer.state(), quiet(rgb_setup(problem).batch(2))
        loss = take(trainer, player, batch)
        wanted, moved = KINDS[kind].update(problem, before, batch, player)
        assert_losses_close(loss, wanted, bound(problem))
        assert_close(running(strip_prefix(trainer.state(), player)), moved, bound(problem))

    @each_kind
    def test_calls_use_running_state(self, backend: Backend, kind: str) -> None:
        """Networks that are called use their running state: each image is independent."""
        trainer = ready(backend, problem := remembering(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 3)
        state, z, x = trainer.state(), noise(problem), rgb_setup(problem).batch().real
        found = {"images": trainer.generator(z), "logits": trainer.discriminator(x)}
        images, _ = KINDS[kind].paint(strip_prefix(state, "generator"), z, False)
        logits, _ = KINDS[kind].judge(strip_prefix(state, "discriminator"), x, False)
        assert_close(found, {"images": images, "logits": logits}, bound(problem))
        alone = {"images": trainer.generator(z[:1]), "logits": trainer.discriminator(x[:1])}
        assert_close(alone, {name: rows[:1] for name, rows in found.items()}, bound(problem))

    @each_kind
    def test_average_copies_running_state(self, backend: Backend, kind: str) -> None:
        """The average copies the generator's running state to the bit; it averages only weights."""
        require(backend, "average")
        trainer = ready(backend, problem := remembering(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 3)
        average, generator = (
            strip_prefix(trainer.state(), name) for name in ("average", "generator")
        )
        assert_identical(running(average), running(generator))
        weights = generator.keys() - running(generator).keys()
        assert differing(average, generator) == weights


def remembering(backend: Backend, kind: str) -> Problem:
    """Return the problem with networks of `kind`, or skip where it cannot be built."""
    networks = KINDS[kind].generator, KINDS[kind].discriminator
    claimed = backend.capabilities
    penalty = Penalty("real", target=0, weight=1.0)
    problem = coloured(
        backend,
        *networks,
        average=AVERAGE if "average" in claimed else None,
        penalties=(penalty,) if "input-gradients" in claimed else (),
    )
    return possible(backend, problem)


def quiet(batch: Batch) -> Batch:
    """Return the batch with every penalty's weight at 0."""
    silent = {name: 0.0 for name in batch.scalars if name.startswith("penalty/")}
    return replace(batch, scalars={**batch.scalars, **silent})


def running(state: State) -> State:
    """Return the running state among these arrays."""
    return {name: array for name, array in state.items() if is_running(name)}
