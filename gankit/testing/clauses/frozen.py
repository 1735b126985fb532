"""Clauses on frozen layers."""

from __future__ import annotations

import pytest

from gankit.contract import Backend, Problem, State
from gankit.layers import BatchNorm, Dense, Flatten, Layer, LeakyReLU, Spec, is_running
from gankit.penalties import Penalty
from gankit.testing.agreement import assert_identical, differing, layout
from gankit.testing.clauses.blocks import K, assert_block_equals_updates
from gankit.testing.full_problems import adam, claimed_layers, rmsprop
from gankit.testing.harness import assert_matches_reference, ready, require
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.problems import AVERAGE
from gankit.testing.rgb import rgb_problem, rgb_setup

FREEZE = ("generator:0-1", "discriminator:1", "discriminator:4")
by_call = pytest.mark.parametrize("call", ["updates", "block"])


@level("numerics")
class FrozenClauses:
    """Frozen layers: `Problem.trains` names the weights that training changes ("freeze")."""

    @by_call
    def test_frozen_weights_stay_as_they_are(self, backend: Backend, call: str) -> None:
        """Steps change no bit of a frozen weight, and every other weight.

        A clip does not reach frozen weights, and the average copies them. The state has no moments
        of them.
        """
        trainer = ready(backend, problem := frozen_problem(backend))
        first = with_changed_weights(problem, trainer.state())
        trainer.load_state(first)
        getattr(rgb_setup(problem, n_critic=2), call)(trainer, 0, K)
        after = trainer.state()
        frozen = frozen_names(problem, first)
        assert_identical(part(after, frozen), part(first, frozen))
        trained = {name for name in first if name.startswith(NETWORKS)} - frozen
        assert differing(part(after, trained), part(first, trained)) == trained
        averaged = {name.replace("generator/", "average/") for name in frozen} & after.keys()
        assert_identical(
            part(after, averaged),
            {name: first[name.replace("average/", "generator/")] for name in averaged},
        )
        assert layout(after) == layout(problem.initial_state())

    def test_running_state_of_frozen_layers_changes(self, backend: Backend) -> None:
        """Running state of a frozen layer follows the passes, as in any other layer."""
        trainer = ready(backend, problem := frozen_problem(backend))
        first = trainer.state()
        running = {name for name in first if name.startswith(NETWORKS) and is_running(name)}
        if not running:
            pytest.skip(f"backend {backend.name!r} claims neither 'norm' nor 'spectral'")
        rgb_setup(problem).updates(trainer, 0, 1)
        assert differing(part(trainer.state(), running), part(first, running)) == running

    def test_training_with_frozen_layers_matches_the_reference(self, backend: Backend) -> None:
        """With frozen layers, five steps match the reference within 1e-9 in float64."""
        require(backend, "float64")
        setup = rgb_setup(frozen_problem(backend), n_critic=2)
        assert_matches_reference(backend, setup, 5, 1e-9)

    def test_a_block_with_frozen_layers_equals_its_updates(self, backend: Backend) -> None:
        """With frozen layers, a block leaves the same state as its updates."""
        setup = rgb_setup(frozen_problem(backend), n_critic=2)
        assert_block_equals_updates(backend, setup, setup.steps(0, K))

    @level("resume")
    @by_call
    def test_resumes_with_frozen_layers(self, backend: Backend, call: str) -> None:
        """With frozen layers, a run that stops after a step and resumes has the same bits."""
        trainer = ready(backend, problem := frozen_problem(backend))
        setup, first = rgb_setup(problem), trainer.state()
        train = getattr(setup, call)
        train(trainer, 0, K)
        whole = trainer.state()
        trainer.load_state(first)
        train(trainer, 0, 2)
        stopped = trainer.state()
        trainer.load_state(first)
        trainer.load_state(stopped)
        train(trainer, 2, K)
        assert_identical(trainer.state(), whole)


NETWORKS = ("generator/", "discriminator/")


def frozen_problem(backend: Backend) -> Problem:
    """Return a problem with frozen layers and the capabilities that `backend` claims beside them.

    Skips if it does not claim "freeze".
    """
    require(backend, "freeze")
    claimed = backend.capabilities
    generator: Spec = (Dense(8), *claimed_layers(backend, BatchNorm(0.9, 1e-3)), LeakyReLU(0.2))
    spectral = Dense(8, spectral="spectral" in claimed)
    hidden: tuple[Layer, ...] = (spectral, LeakyReLU(0.2), Dense(6), Dense(5), LeakyReLU(0.2))
    return rgb_problem(
        backend,
        (*generator, *TO_IMAGE),
        (Flatten(), *hidden, Dense(1)),
        generator_optimizer=adam(backend),
        discriminator_optimizer=rmsprop(backend),
        average=AVERAGE if "average" in claimed else None,
        penalties=(Penalty("real", target=0, weight=0.5),) if "input-gradients" in claimed else (),
        freeze=FREEZE if "norm" in claimed else ("generator:0", *FREEZE[1:]),
    )


def with_changed_weights(problem: Problem, state: State) -> State:
    """Return a state whose frozen weights a clip would change, and whose average is of others."""
    most = problem.discriminator_optimizer.clip or 0.0
    frozen = {name for name in frozen_names(problem, state) if name.startswith("discriminator/")}
    averaged = {name for name in state if name.startswith("average/") and not is_running(name)}
    large = {name: state[name] + state[name].dtype.type(2 * most) for name in frozen}
    return state | large | {name: state[name] / 2 for name in averaged}


def frozen_names(problem: Problem, state: State) -> set[str]:
    """Return the names of the weights of both networks that do not train."""
    networks = [name.partition("/") for name in state if name.startswith(NETWORKS)]
    return {
        f"{network}/{name}"
        for network, _, name in networks
        if not is_running(name) and not problem.trains(network, name)
    }


def part(state: State, names: set[str]) -> State:
    """Return the arrays of these names."""
    return {name: state[name] for name in sorted(names)}
