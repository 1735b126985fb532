"""Clauses on the running state of batch normalisation and spectral norm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gankit.contract import Backend, Batch, Problem, State, strip_prefix
from gankit.layers import is_running
from gankit.penalties import Penalty
from gankit.testing.agreement import assert_close, assert_identical, differing
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import assert_losses_close, each_player, run_update
from gankit.testing.harness import ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.problems import AVERAGE, bound
from gankit.testing.rgb import rgb_problem, rgb_setup
from gankit.testing.stateful_networks import KINDS

each_kind = pytest.mark.parametrize("kind", KINDS)


@level("numerics")
class RunningStateClauses:
    """Running state: the arrays that batch normalisation and spectral norm update in training."""

    @each_kind
    @each_player
    def test_update_changes_running_state_of_its_own_network(
        self, backend: Backend, kind: str, player: str
    ) -> None:
        """An update changes all running state of its own network, and none of the other's."""
        trainer = ready(backend, problem := stateful_problem(backend, kind))
        before = trainer.state()
        run_update(trainer, player, rgb_setup(problem).batch())
        changed = {name for name in differing(trainer.state(), before) if is_running(name)}
        wanted = {name for name in running_state_of(before) if name.startswith(f"{player}/")}
        assert {name for name in changed if not name.startswith("average/")} == wanted

    @each_kind
    def test_penalties_leave_running_state_unchanged(self, backend: Backend, kind: str) -> None:
        """Only the adversarial pass changes running state; a penalty's pass does not."""
        require(backend, "input-gradients")
        trainer = ready(backend, problem := stateful_problem(backend, kind))
        batch, first, ends = rgb_setup(problem).batch(), trainer.state(), []
        for given in (batch, without_penalties(batch)):
            trainer.load_state(first)
            run_update(trainer, "discriminator", given)
            ends.append(trainer.state())
        assert differing(*ends)
        assert_close(running_state_of(ends[0]), running_state_of(ends[1]), bound(problem) / 1000)

    @each_kind
    @each_player
    def test_running_state_matches_its_formula(
        self, backend: Backend, kind: str, player: str
    ) -> None:
        """An update's loss uses the statistics of its batch, and running state its formula.

        Batch normalisation uses the mean and the biased variance of fakes and of reals separately,
        in either update; its running state averages both. Spectral norm makes one power iteration
        in each training pass, and saves the vector in an update of its own network.
        """
        trainer = ready(backend, problem := stateful_problem(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 2)
        before, batch = trainer.state(), without_penalties(rgb_setup(problem).batch(2))
        loss = run_update(trainer, player, batch)
        wanted_loss, wanted = KINDS[kind].update(problem, before, batch, player)
        assert_losses_close(loss, wanted_loss, bound(problem))
        assert_close(
            running_state_of(strip_prefix(trainer.state(), player)), wanted, bound(problem)
        )

    @each_kind
    def test_calls_use_running_state(self, backend: Backend, kind: str) -> None:
        """Called networks use their running state, so that each image is independent."""
        trainer = ready(backend, problem := stateful_problem(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 3)
        state, z, x = trainer.state(), noise(problem), rgb_setup(problem).batch().real
        found = {"images": trainer.generator(z), "logits": trainer.discriminator(x)}
        images, _ = KINDS[kind].generate(strip_prefix(state, "generator"), z, False)
        logits, _ = KINDS[kind].discriminate(strip_prefix(state, "discriminator"), x, False)
        assert_close(found, {"images": images, "logits": logits}, bound(problem))
        alone = {"images": trainer.generator(z[:1]), "logits": trainer.discriminator(x[:1])}
        assert_close(alone, {name: rows[:1] for name, rows in found.items()}, bound(problem))

    @each_kind
    def test_average_copies_running_state(self, backend: Backend, kind: str) -> None:
        """The average copies the generator's running state to the bit; it averages only weights."""
        require(backend, "average")
        trainer = ready(backend, problem := stateful_problem(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 3)
        average, generator = (
            strip_prefix(trainer.state(), name) for name in ("average", "generator")
        )
        assert_identical(running_state_of(average), running_state_of(generator))
        weights = generator.keys() - running_state_of(generator).keys()
        assert differing(average, generator) == weights


def stateful_problem(backend: Backend, kind: str) -> Problem:
    """Return a problem with the networks of `kind`, or skip if they are not claimed."""
    networks = KINDS[kind].generator, KINDS[kind].discriminator
    claimed = backend.capabilities
    penalty = Penalty("real", target=0, weight=1.0)
    problem = rgb_problem(
        backend,
        *networks,
        average=AVERAGE if "average" in claimed else None,
        penalties=(penalty,) if "input-gradients" in claimed else (),
    )
    return supported(backend, problem)


def without_penalties(batch: Batch) -> Batch:
    """Return the batch with a weight of 0 for every penalty."""
    silent = {name: 0.0 for name in batch.scalars if name.startswith("penalty/")}
    return replace(batch, scalars={**batch.scalars, **silent})


def running_state_of(state: State) -> State:
    """Return the running state among these arrays."""
    return {name: array for name, array in state.items() if is_running(name)}
