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
from gankit.contract import Backend, Block, BlockTrainer, Precision, Problem, State
from gankit.losses import RELATIVISTIC
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.harness import Setup, ready, require
from gankit.testing.level_marks import level
from gankit.testing.problems import HIDDEN, discriminator, full, generator
from gankit.training import alternate

Images = NDArray[np.uint8]
K = 5
"""Steps in a block: enough for splits in the middle."""


@level("numerics")
class BlockClauses:
    """Blocks: many steps in one call, if a trainer has `place` and `train_block`.

    A block equals its updates to the bit if the backend claims "exact-blocks", else within 1e-6.
    """

    def test_has_the_blocks_it_claims(self, backend: Backend) -> None:
        """A backend that claims "exact-blocks" builds trainers with `place` and `train_block`."""
        require(backend, "exact-blocks")
        assert isinstance(ready(backend, full(backend)), BlockTrainer)

    @pytest.mark.parametrize("n_critic", [1, 2])
    @pytest.mark.parametrize("hidden", ["dropout", "leaky-relu"])
    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_a_block_equals_its_updates(
        self, backend: Backend, images: Images, precision: Precision, hidden: str, n_critic: int
    ) -> None:
        """A block leaves the state that its updates would leave.

        This holds in either precision, with dropout and without it, where a block may use a forward
        pass twice because the updates of a step share their noise.
        """
        require(backend, precision)
        problem = sharing_noise(backend, precision, hidden)
        setup = Setup(problem, images, n_critic)
        assert_same_either_way(backend, setup, setup.steps(0, K))

    def test_a_block_pairs_real_with_fake(self, backend: Backend, images: Images) -> None:
        """A block also works with a loss whose generator update uses real images."""
        setup = Setup(full(backend, loss=RELATIVISTIC), images)
        assert_same_either_way(backend, setup, setup.steps(0, K))

    def test_a_block_takes_each_updates_rates(self, backend: Backend, images: Images) -> None:
        """Scalars may differ from update to update, not only from step to step."""
        setup = Setup(full(backend), images, n_critic=2)
        block = setup.steps(0, K)
        falling = np.geomspace(4, 0.25, 3 * K).reshape(K, 3)
        rates = {
            name: rate * falling if name.endswith("/learning_rate") else rate
            for name, rate in block.scalars.items()
        }
        assert_same_either_way(backend, setup, replace(block, scalars=rates))

    def test_a_block_returns_each_steps_losses(self, backend: Backend, images: Images) -> None:
        """A block of K steps returns `(K, 2)` losses, those that its updates would have returned.

        The first is the mean over the step's discriminator updates, the second the generator's.
        """
        setup = Setup(full(backend), images, n_critic=2)
        trainer = blocks(backend, setup.problem)
        first = trainer.state()
        found = np.asarray(setup.block(trainer, 0, K), np.float64)
        trainer.load_state(first)
        assert found.shape == (K, 2)
        assert_close({"losses": found}, {"losses": setup.updates(trainer, 0, K)}, 1e-6)

    @pytest.mark.parametrize("split", range(1, K))
    def test_a_block_may_be_split_anywhere(
        self, backend: Backend, images: Images, split: int
    ) -> None:
        """Two blocks give the bits of one over the same steps, wherever it is split.

        Without `train_block` the same holds of the steps that `gankit.training.fit` runs.
        """
        setup = Setup(full(backend), images)
        trainer = ready(backend, setup.problem)
        first = trainer.state()
        whole = {"losses": setup.block(trainer, 0, K)} | trainer.state()
        trainer.load_state(first)
        parts = [setup.block(trainer, 0, split), setup.block(trainer, split, K)]
        assert_identical({"losses": np.concatenate(parts)} | trainer.state(), whole)

    def test_a_block_takes_scaled_images(self, backend: Backend, images: Images) -> None:
        """Images of the problem's precision may be placed instead of uint8, for the same bits."""
        trainer = blocks(backend, problem := full(backend))
        first, ends = trainer.state(), []
        for placed in (images, problem.scale(images)):
            trainer.load_state(first)
            Setup(problem, placed).block(trainer, 0, 2)
            ends.append(trainer.state())
        assert_identical(*ends)

    def test_images_may_lie_in_a_file(self, backend: Backend, images: Images) -> None:
        """Images may be placed that are in a file instead of an `np.ndarray`, for the same bits."""
        trainer = blocks(backend, problem := full(backend))
        first, ends = trainer.state(), []
        with TemporaryDirectory() as folder:
            np.save(path := Path(folder, "images.npy"), images)
            for placed in (images, cast("Images", FileArray(path))):
                trainer.load_state(first)
                Setup(problem, placed).block(trainer, 0, 2)
                ends.append(trainer.state())
        assert_identical(*ends)

    def test_images_may_be_placed_anew(self, backend: Backend, images: Images) -> None:
        """Placing a data set replaces the one before, also one of another size."""
        trainer = blocks(backend, problem := full(backend))
        setup, first = Setup(problem, images[:100]), trainer.state()
        setup.block(trainer, 0, 2)
        wanted = trainer.state()
        Setup(problem, images[100:]).block(trainer, 0, 2)
        trainer.load_state(first)
        setup.block(trainer, 0, 2)
        assert_identical(trainer.state(), wanted)

    def test_blocks_and_updates_mix(self, backend: Backend, images: Images) -> None:
        """Blocks may follow updates and updates blocks, with states loaded in between."""
        trainer = blocks(backend, problem := full(backend))
        setup, first = Setup(problem, images), trainer.state()
        setup.updates(trainer, 0, 3)
        wanted = trainer.state()
        trainer.load_state(first)
        setup.block(trainer, 0, 1)
        setup.updates(trainer, 1, 2)
        setup.block(trainer, 2, 3)
        assert_same(backend, trainer.state(), wanted)


def sharing_noise(backend: Backend, precision: Precision, hidden: str) -> Problem:
    """Return the full problem with the hidden layers, one noise for all the updates of a step."""
    layers = HIDDEN[hidden]
    return full(
        backend,
        precision=precision,
        generator=generator(*layers),
        discriminator=discriminator(*layers),
        fresh_noise=False,
    )


def blocks(backend: Backend, problem: Problem) -> BlockTrainer:
    """Return a trainer with `train_block`, or skip if the backend has none."""
    trainer = ready(backend, problem)
    if not isinstance(trainer, BlockTrainer):
        pytest.skip(f"backend {backend.name!r} has no train_block")
    return trainer


def assert_same_either_way(backend: Backend, setup: Setup, block: Block) -> None:
    """Fail unless `block` leaves the state that its updates leave."""
    trainer = blocks(backend, setup.problem)
    first = trainer.state()
    alternate(trainer, block.batches(setup.problem, setup.images, setup.labels))
    wanted = trainer.state()
    trainer.load_state(first)
    trainer.place(setup.images, setup.labels)
    trainer.train_block(block)
    assert_same(backend, trainer.state(), wanted)


def assert_same(backend: Backend, found: State, wanted: State) -> None:
    """Fail unless blocks give the state of updates, as closely as the backend claims."""
    if "exact-blocks" in backend.capabilities:
        assert_identical(found, wanted)
    else:
        assert_close(found, wanted, 1e-6)
