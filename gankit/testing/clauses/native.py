"""Clauses on native networks: those of the backend's own framework."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, Native, Problem, State, strip_prefix
from gankit.errors import NotPortable
from gankit.testing.agreement import assert_close, assert_identical, differing, layout
from gankit.testing.clauses.averages import averaging
from gankit.testing.clauses.blocks import assert_same_either_way
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import each_player, take, with_rate
from gankit.testing.faulty_states import FAULTS, assert_refused, spoilt
from gankit.testing.harness import Setup, build, ready, require
from gankit.testing.level_marks import level
from gankit.testing.problems import IMAGE, full

Images = NDArray[np.uint8]
NativePair = Callable[[], tuple[Native, Native]] | None


@level("protocol")
class NativeClauses:
    """Native networks: layers of the framework's own (capability "native").

    The test class of a backend that claims them overrides the fixture `native_pair` with a
    function that builds a new generator and a new discriminator, float32, for noise of 8 numbers
    and images of 28x28 with one channel. Give them running state and dropout.
    """

    @pytest.fixture
    def native_pair(self) -> NativePair:
        """Offer no native networks; a backend that claims "native" must."""
        return None

    def test_takes_native_networks(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """Native networks keep the core's shapes: NHWC images in float32, and `(n,)` logits."""
        trainer = ready(backend, problem := native(backend, native_pair))
        made = trainer.generator(noise(problem))
        logits = trainer.discriminator(problem.scale(images[:5]))
        wanted = {"images": f"float32 {(5, *IMAGE)}", "logits": "float32 (5,)"}
        assert layout({"images": made, "logits": logits}) == wanted

    def test_native_calls_are_inference(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """Calling a native network drops nothing, and rows are independent, except for rounding."""
        trainer = ready(backend, problem := native(backend, native_pair))
        Setup(problem, images).updates(trainer, 0, 2)
        z = noise(problem)
        alone = np.concatenate([trainer.generator(row[np.newaxis]) for row in z])
        assert_close({"images": trainer.generator(z)}, {"images": alone}, 1e-5)
        x = problem.scale(images[:5])
        alone = np.concatenate([trainer.discriminator(row[np.newaxis]) for row in x])
        assert_close({"logits": trainer.discriminator(x)}, {"logits": alone}, 1e-5)

    def test_native_calls_change_nothing(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """Calling a native network leaves its running state as it was."""
        trainer = ready(backend, problem := native(backend, native_pair))
        before = trainer.state()
        trainer.generator(noise(problem))
        trainer.discriminator(problem.scale(images[:5]))
        assert_identical(trainer.state(), before)

    @each_player
    def test_native_updates_move_one_network(
        self, backend: Backend, images: Images, native_pair: NativePair, player: str
    ) -> None:
        """An update moves its own network alone; the other's running state stays as it was."""
        trainer = ready(backend, problem := native(backend, native_pair))
        before = trainer.state()
        take(trainer, player, Setup(problem, images).batch())
        changed = differing(trainer.state(), before)
        other = {"generator": "discriminator", "discriminator": "generator"}[player]
        assert changed & {f"{player}/{name}" for name in trained(before, player)}
        assert not {
            name for name in changed if name.startswith((f"{other}/", f"optimizer/{other}"))
        }

    @each_player
    def test_running_state_moves_in_its_own_update(
        self, backend: Backend, images: Images, native_pair: NativePair, player: str
    ) -> None:
        """An update moves its own network's running state, such as a batch normalisation's."""
        trainer = ready(backend, problem := native(backend, native_pair))
        before = trainer.state()
        take(trainer, player, Setup(problem, images).batch())
        changed = strip_prefix(dict.fromkeys(differing(trainer.state(), before)), player)
        assert changed.keys() - trained(before, player)

    @each_player
    def test_native_updates_draw_by_their_key(
        self, backend: Backend, images: Images, native_pair: NativePair, player: str
    ) -> None:
        """An update from the same state and batch gives the same bits, with dropout too."""
        trainer = ready(backend, problem := native(backend, native_pair))
        setup, first = Setup(problem, images), trainer.state()
        take(trainer, player, setup.batch())
        once = trainer.state()
        setup.updates(trainer, 5, 7)
        trainer.load_state(first)
        take(trainer, player, setup.batch())
        assert_identical(trainer.state(), once)

    def test_native_weights_do_not_travel(self, backend: Backend, native_pair: NativePair) -> None:
        """The weights of a native network have no common names: `weights()` raises NotPortable."""
        trainer = ready(backend, native(backend, native_pair))
        for network in (trainer.generator, trainer.discriminator):
            with pytest.raises(NotPortable):
                network.weights()

    @level("resume")
    def test_a_native_run_stops_and_goes_on(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """Its state is complete: loaded into new networks, a run continues to the same bits."""
        first, second = (build(backend, native(backend, native_pair)) for _ in range(2))
        setup = Setup(native(backend, native_pair), images)
        setup.block(first, 0, 3)
        second.load_state(first.state())
        for trainer in (first, second):
            setup.block(trainer, 3, 6)
        assert_identical(second.state(), first.state())

    @level("resume")
    @pytest.mark.parametrize("fault", FAULTS)
    def test_refuses_a_wrong_native_state_whole(
        self, backend: Backend, native_pair: NativePair, fault: str
    ) -> None:
        """A wrong state is refused with CheckpointError, and no part of it is loaded."""
        trainer = ready(backend, native(backend, native_pair))
        assert_refused(trainer, spoilt(trainer.state(), fault))

    @level("numerics")
    def test_a_native_block_equals_its_updates(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """A block of native networks leaves the state that its updates would have left."""
        setup = Setup(native(backend, native_pair), images, n_critic=2)
        assert_same_either_way(backend, setup, setup.steps(0, 3))

    def test_a_native_average_has_the_running_state(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """The average copies the generator's running state, and averages its weights."""
        averaging(backend)
        trainer = ready(backend, problem := native(backend, native_pair))
        batch = with_rate(Setup(problem, images).batch(), "average", 0.0)
        take(trainer, "generator", batch)
        state = trainer.state()
        assert_close(strip_prefix(state, "average"), strip_prefix(state, "generator"), 1e-6)


def trained(state: State, player: str) -> set[str]:
    """Return the names of a network's arrays that its optimizer moves; others are running state."""
    return set(strip_prefix(state, f"optimizer/{player}/m"))


def native(backend: Backend, native_pair: NativePair) -> Problem:
    """Return a problem with new native networks, or skip where the backend claims none."""
    require(backend, "native")
    if native_pair is None:
        pytest.fail(f"backend {backend.name!r} claims 'native'; give a fixture native_pair")
    generator, discriminator = native_pair()
    return full(backend, precision="float32", generator=generator, discriminator=discriminator)
