"""Clauses on blocks: many steps in one call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit._utils.file_array import FileArray
from gankit.augment import Augment
from gankit.contract import Backend, Block, BlockTrainer, Precision, Problem, State
from gankit.layers import Dense, Flatten, LeakyReLU
from gankit.losses import RELATIVISTIC
from gankit.penalties import Penalty
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.harness import Setup, assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.problems import HIDDEN, discriminator, full, generator
from gankit.testing.rgb import rgb_problem, rgb_setup
from gankit.training import alternate

Images = NDArray[np.uint8]
K = 5
"""Steps in a block: enough to split it in the middle."""


@level("numerics")
class BlockClauses:
    """Blocks: many steps in one call, for trainers with `place` and `train_block`.

    A block equals its updates to the bit if the backend claims "exact-blocks", else within 1e-6.
    """

    def test_has_train_block_if_claimed(self, backend: Backend) -> None:
        """A backend that claims "exact-blocks" builds trainers with `place` and `train_block`."""
        require(backend, "exact-blocks")
        assert isinstance(ready(backend, full(backend)), BlockTrainer)

    @pytest.mark.parametrize("n_critic", [1, 2])
    @pytest.mark.parametrize("hidden", ["dropout", "leaky-relu"])
    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_a_block_equals_its_updates(
        self, backend: Backend, images: Images, precision: Precision, hidden: str, n_critic: int
    ) -> None:
        """A block leaves the same state as its updates.

        This holds in either precision, with and without dropout. Without dropout, a block may use a
        forward pass twice, because the updates of a step share their noise.
        """
        require(backend, precision)
        problem = shared_noise_problem(backend, precision, hidden)
        setup = Setup(problem, images, n_critic)
        assert_block_equals_updates(backend, setup, setup.steps(0, K))

    def test_a_block_supports_paired_losses(self, backend: Backend, images: Images) -> None:
        """A block supports a loss whose generator update uses real images."""
        setup = Setup(full(backend, loss=RELATIVISTIC), images)
        assert_block_equals_updates(backend, setup, setup.steps(0, K))

    @pytest.mark.parametrize("where", ["real", "fake", "both"])
    def test_a_block_with_shared_passes_equals_its_updates(
        self, backend: Backend, where: str
    ) -> None:
        """A block leaves the same state as its updates if passes are shared.

        The updates of a step share the generated images, and the penalties at the real images, at
        the fakes or at both the adversarial pass. A lazy penalty, spectral norm and an adaptive
        augmentation are beside them.
        """
        setup = rgb_setup(supported(backend, shared_pass_problem(backend, where)), n_critic=2)
        assert_block_equals_updates(backend, setup, setup.steps(0, K))

    @pytest.mark.parametrize("where", ["real", "fake", "both"])
    def test_shared_passes_match_the_reference(self, backend: Backend, where: str) -> None:
        """With shared passes, three steps match the reference within 1e-9."""
        require(backend, "float64")
        setup = rgb_setup(supported(backend, shared_pass_problem(backend, where)), n_critic=2)
        assert_matches_reference(backend, setup, 3, 1e-9)

    def test_a_block_uses_each_updates_scalars(self, backend: Backend, images: Images) -> None:
        """Scalars may differ between the updates of a step, not only between steps."""
        setup = Setup(full(backend), images, n_critic=2)
        block = setup.steps(0, K)
        falling = np.geomspace(4, 0.25, 3 * K).reshape(K, 3)
        scalars = {
            name: rate * falling if name.endswith("/learning_rate") else rate
            for name, rate in block.scalars.items()
        }
        assert_block_equals_updates(backend, setup, replace(block, scalars=scalars))

    def test_a_block_returns_each_steps_losses(self, backend: Backend, images: Images) -> None:
        """A block of K steps returns the `(K, 2)` losses of its updates.

        The first column is the mean over the step's discriminator updates, the second the
        generator's loss.
        """
        setup = Setup(full(backend), images, n_critic=2)
        trainer = block_trainer(backend, setup.problem)
        first = trainer.state()
        found = np.asarray(setup.block(trainer, 0, K), np.float64)
        trainer.load_state(first)
        assert found.shape == (K, 2)
        assert_close({"losses": found}, {"losses": setup.updates(trainer, 0, K)}, 1e-6)

    @pytest.mark.parametrize("split", range(1, K))
    def test_a_block_may_be_split_anywhere(
        self, backend: Backend, images: Images, split: int
    ) -> None:
        """Two blocks give the same bits as one block over the same steps.

        Without `train_block` the same holds for the updates of these steps.
        """
        setup = Setup(full(backend), images)
        trainer = ready(backend, setup.problem)
        first = trainer.state()
        unsplit = {"losses": setup.block(trainer, 0, K)} | trainer.state()
        trainer.load_state(first)
        parts = [setup.block(trainer, 0, split), setup.block(trainer, split, K)]
        assert_identical({"losses": np.concatenate(parts)} | trainer.state(), unsplit)

    def test_a_block_accepts_scaled_images(self, backend: Backend, images: Images) -> None:
        """Placed images may have the problem's precision instead of uint8, with the same bits."""
        trainer = block_trainer(backend, problem := full(backend))
        first, ends = trainer.state(), []
        for placed in (images, problem.scale(images)):
            trainer.load_state(first)
            Setup(problem, placed).block(trainer, 0, 2)
            ends.append(trainer.state())
        assert_identical(*ends)

    def test_a_block_accepts_images_in_a_file(self, backend: Backend, images: Images) -> None:
        """Placed images may be in a file instead of an `np.ndarray`, with the same bits."""
        trainer = block_trainer(backend, problem := full(backend))
        first, ends = trainer.state(), []
        with TemporaryDirectory() as folder:
            np.save(path := Path(folder, "images.npy"), images)
            for placed in (images, cast("Images", FileArray(path))):
                trainer.load_state(first)
                Setup(problem, placed).block(trainer, 0, 2)
                ends.append(trainer.state())
        assert_identical(*ends)

    def test_placing_images_again_replaces_them(self, backend: Backend, images: Images) -> None:
        """Placing a data set replaces the previous one, also one of another size."""
        trainer = block_trainer(backend, problem := full(backend))
        setup, first = Setup(problem, images[:100]), trainer.state()
        setup.block(trainer, 0, 2)
        wanted = trainer.state()
        Setup(problem, images[100:]).block(trainer, 0, 2)
        trainer.load_state(first)
        setup.block(trainer, 0, 2)
        assert_identical(trainer.state(), wanted)

    def test_blocks_and_updates_may_alternate(self, backend: Backend, images: Images) -> None:
        """Blocks and updates may follow each other, with states loaded in between."""
        trainer = block_trainer(backend, problem := full(backend))
        setup, first = Setup(problem, images), trainer.state()
        setup.updates(trainer, 0, 3)
        wanted = trainer.state()
        trainer.load_state(first)
        setup.block(trainer, 0, 1)
        setup.updates(trainer, 1, 2)
        setup.block(trainer, 2, 3)
        assert_close_as_claimed(backend, trainer.state(), wanted)


def shared_noise_problem(backend: Backend, precision: Precision, hidden: str) -> Problem:
    """Return `full` with these hidden layers, and one noise for all updates of a step."""
    layers = HIDDEN[hidden]
    return full(
        backend,
        precision=precision,
        generator=generator(*layers),
        discriminator=discriminator(*layers),
        fresh_noise=False,
    )


def shared_pass_problem(backend: Backend, where: str) -> Problem:
    """Return a problem whose updates share passes, with penalties at the images of `where`."""
    shared = {
        "real": (Penalty("real", 0.0, 0.5),),
        "fake": (Penalty("fake", 1.0, 0.5),),
        "both": (Penalty("real", 0.0, 0.5), Penalty("fake", 1.0, 0.5)),
    }
    return rgb_problem(
        backend,
        TO_IMAGE,
        (Flatten(), Dense(8, spectral=True), LeakyReLU(0.2), Dense(1, spectral=True)),
        penalties=(Penalty("between", 1.0, 0.5, every=2), *shared[where]),
        augment=Augment(adaptive=True, images=50, every=1),
        fresh_noise=False,
    )


def block_trainer(backend: Backend, problem: Problem) -> BlockTrainer:
    """Return a trainer with `train_block`, or skip."""
    trainer = ready(backend, problem)
    if not isinstance(trainer, BlockTrainer):
        pytest.skip(f"backend {backend.name!r} has no train_block")
    return trainer


def assert_block_equals_updates(backend: Backend, setup: Setup, block: Block) -> None:
    """Fail unless `block` leaves the same state as its updates."""
    trainer = block_trainer(backend, setup.problem)
    first = trainer.state()
    alternate(trainer, setup.batches(block))
    wanted = trainer.state()
    trainer.load_state(first)
    setup.place(trainer)
    trainer.train_block(block)
    assert_close_as_claimed(backend, trainer.state(), wanted)


def assert_close_as_claimed(backend: Backend, found: State, wanted: State) -> None:
    """Fail unless states agree: to the bit with "exact-blocks", else within 1e-6."""
    if "exact-blocks" in backend.capabilities:
        assert_identical(found, wanted)
    else:
        assert_close(found, wanted, 1e-6)
