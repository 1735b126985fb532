"""Clauses on native networks: networks of the backend's framework."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.api import fit
from gankit.contract import Backend, Native, Problem, State, strip_prefix
from gankit.errors import NotPortable
from gankit.runs import RunFolder
from gankit.testing.agreement import assert_close, assert_identical, differing, layout
from gankit.testing.clauses.averages import averaged_problem
from gankit.testing.clauses.blocks import assert_block_equals_updates
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import each_player, run_update, with_scalar
from gankit.testing.faulty_states import FAULTS, assert_refused, corrupted
from gankit.testing.harness import Setup, build, ready, require
from gankit.testing.level_marks import level
from gankit.testing.problems import IMAGE, full

Images = NDArray[np.uint8]
NativePair = Callable[[], tuple[Native, Native]] | None


@level("protocol")
class NativeClauses:
    """Native networks: networks of the backend's framework (capability "native").

    The test class of a backend that claims them overrides the fixture `native_pair`. It returns a
    function that builds a new generator and a new discriminator in float32, for noise of 8 numbers
    and 28x28 images with one channel. Give them running state and dropout.
    """

    @pytest.fixture
    def native_pair(self) -> NativePair:
        """Return None; a backend that claims "native" overrides this."""
        return None

    def test_accepts_native_networks(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """Native networks return NHWC images in float32, and `(n,)` logits."""
        trainer = ready(backend, problem := native_problem(backend, native_pair))
        made = trainer.generator(noise(problem))
        logits = trainer.discriminator(problem.scale(images[:5]))
        wanted = {"images": f"float32 {(5, *IMAGE)}", "logits": "float32 (5,)"}
        assert layout({"images": made, "logits": logits}) == wanted

    def test_native_calls_use_inference_mode(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """A called native network applies no dropout; rows are independent, except for rounding."""
        trainer = ready(backend, problem := native_problem(backend, native_pair))
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
        """A call of a native network leaves its running state unchanged."""
        trainer = ready(backend, problem := native_problem(backend, native_pair))
        before = trainer.state()
        trainer.generator(noise(problem))
        trainer.discriminator(problem.scale(images[:5]))
        assert_identical(trainer.state(), before)

    @each_player
    def test_native_update_changes_only_its_network(
        self, backend: Backend, images: Images, native_pair: NativePair, player: str
    ) -> None:
        """An update changes only its own network; the other's running state stays unchanged."""
        trainer = ready(backend, problem := native_problem(backend, native_pair))
        before = trainer.state()
        run_update(trainer, player, Setup(problem, images).batch())
        changed = differing(trainer.state(), before)
        other = {"generator": "discriminator", "discriminator": "generator"}[player]
        assert changed & {f"{player}/{name}" for name in optimized_names(before, player)}
        assert not {
            name for name in changed if name.startswith((f"{other}/", f"optimizer/{other}"))
        }

    @each_player
    def test_native_update_changes_its_running_state(
        self, backend: Backend, images: Images, native_pair: NativePair, player: str
    ) -> None:
        """An update changes its own network's running state, such as a batch normalisation's."""
        trainer = ready(backend, problem := native_problem(backend, native_pair))
        before = trainer.state()
        run_update(trainer, player, Setup(problem, images).batch())
        changed = strip_prefix(dict.fromkeys(differing(trainer.state(), before)), player)
        assert changed.keys() - optimized_names(before, player)

    @each_player
    def test_native_update_depends_only_on_state_and_batch(
        self, backend: Backend, images: Images, native_pair: NativePair, player: str
    ) -> None:
        """An update from the same state and batch gives the same bits, with dropout too."""
        trainer = ready(backend, problem := native_problem(backend, native_pair))
        setup, first = Setup(problem, images), trainer.state()
        run_update(trainer, player, setup.batch())
        once = trainer.state()
        setup.updates(trainer, 5, 7)
        trainer.load_state(first)
        run_update(trainer, player, setup.batch())
        assert_identical(trainer.state(), once)

    def test_native_weights_are_not_portable(
        self, backend: Backend, native_pair: NativePair
    ) -> None:
        """The weights of a native network have no common names: `weights()` raises NotPortable."""
        trainer = ready(backend, native_problem(backend, native_pair))
        for network in (trainer.generator, trainer.discriminator):
            with pytest.raises(NotPortable):
                network.weights()

    @level("resume")
    def test_a_native_run_resumes(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """A state that is loaded into new native networks resumes the run to the same bits."""
        first, second = (build(backend, native_problem(backend, native_pair)) for _ in range(2))
        setup = Setup(native_problem(backend, native_pair), images)
        setup.block(first, 0, 3)
        second.load_state(first.state())
        for trainer in (first, second):
            setup.block(trainer, 3, 6)
        assert_identical(second.state(), first.state())

    @level("resume")
    @pytest.mark.filterwarnings("ignore::gankit.callbacks.HealthWarning")
    def test_a_native_run_resumes_from_its_folder(
        self, backend: Backend, images: Images, native_pair: NativePair, tmp_path: Path
    ) -> None:
        """A run of `gankit.fit` that lost its last checkpoint resumes to the same bits."""
        latent = native_problem(backend, native_pair).latent

        def trained(*, resume: bool) -> State:
            assert native_pair is not None
            return fit(
                images, *native_pair(), latent=latent, steps=6, batch=8, checkpoint_every=2,
                backend=backend, out=tmp_path / "run", resume=resume, progress=False,
            ).trainer.state()  # fmt: skip

        uninterrupted = trained(resume=False)
        shutil.rmtree(RunFolder(tmp_path / "run").checkpoints.path(6))
        assert_identical(trained(resume=True), uninterrupted)

    @level("resume")
    @pytest.mark.parametrize("fault", FAULTS)
    def test_refuses_an_invalid_native_state(
        self, backend: Backend, native_pair: NativePair, fault: str
    ) -> None:
        """`load_state` refuses an invalid state with CheckpointError, and loads none of it."""
        trainer = ready(backend, native_problem(backend, native_pair))
        assert_refused(trainer, corrupted(trainer.state(), fault))

    @level("numerics")
    def test_a_native_block_equals_its_updates(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """A block of native networks leaves the same state as its updates."""
        setup = Setup(native_problem(backend, native_pair), images, n_critic=2)
        assert_block_equals_updates(backend, setup, setup.steps(0, 3))

    def test_a_native_average_copies_running_state(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """The average copies the generator's running state, and averages its weights."""
        averaged_problem(backend)
        trainer = ready(backend, problem := native_problem(backend, native_pair))
        batch = with_scalar(Setup(problem, images).batch(), "average", 0.0)
        run_update(trainer, "generator", batch)
        state = trainer.state()
        assert_close(strip_prefix(state, "average"), strip_prefix(state, "generator"), 1e-6)


def optimized_names(state: State, player: str) -> set[str]:
    """Return the names of a network's weights; its other arrays are running state."""
    return set(strip_prefix(state, f"optimizer/{player}/m"))


def native_problem(backend: Backend, native_pair: NativePair) -> Problem:
    """Return a problem with new native networks, or skip if they are not claimed."""
    require(backend, "native")
    if native_pair is None:
        pytest.fail(
            "native_pair: got None; expected a function; override it, or do not claim 'native'"
        )
    generator, discriminator = native_pair()
    return full(backend, precision="float32", generator=generator, discriminator=discriminator)
