"""A user's program; `mypy --strict` checks it, and nothing runs it.

`assert_type` says which types a user gets: none is `Any`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import gankit
from gankit.augment import Augment
from gankit.callbacks import Bar, Epochs, History, Live, every
from gankit.config import TrainConfig
from gankit.contract import Array, Backend, Generator, Labels, Problem, State, Trainer
from gankit.data import Dataset, ImageSet
from gankit.evaluation import Evaluation
from gankit.layers import BatchNorm, Conv, Dense, Flatten, LeakyReLU, Reshape, Residual, Spec, Tanh
from gankit.losses import HINGE, Loss, LossOps, Tensor
from gankit.optimizers import SGD, Adam, Average, RMSprop
from gankit.penalties import Penalty
from gankit.runs import Checkpoint, read_checkpoint
from gankit.schedules import Schedule
from gankit.training import Progress
from gankit.visual.images import Picture
from gankit.visual.plots import Plot

GENERATOR: Spec = (Dense(64), Tanh(), Reshape((8, 8, 1)))
CRITIC = [
    Conv(8, 3, padding=1),
    BatchNorm(0.9, 1e-5),
    LeakyReLU(0.2),
    Residual((Conv(8, 1),)),
    Flatten(),
]


def shifted(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return a hinge loss with a margin of 2."""
    return ops.mean(ops.relu(2 - real)) + ops.mean(ops.relu(2.0 + fake))


def softened(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return the loss of the generator."""
    return 0.5 * ops.mean(ops.softplus(real - fake)) - ops.mean(fake) * 2


def loss() -> Loss:
    """Return a loss of one's own."""
    return Loss("shifted", shifted, softened, paired=True)


class Best:
    """A callback: the lowest loss of the generator at every hundredth step."""

    def __init__(self) -> None:
        self.lowest = float("inf")

    def next_boundary(self, step: int, /) -> int:
        """Return the next hundredth step."""
        return step - step % 100 + 100

    def __call__(self, progress: Progress, /) -> None:
        """Note the loss."""
        self.lowest = min(self.lowest, float(progress.losses[:, 1].min()))


def seen(progress: Progress) -> None:
    """Use what a callback gets."""
    assert_type(progress.step, int)
    assert_type(progress.losses, Array)
    assert_type(progress.trainer, Trainer)
    assert_type(progress.done, bool)
    assert_type(progress.problem, Problem | None)


def trained() -> gankit.Run:
    """Train a recipe with settings of every kind."""
    return gankit.train(
        "simple",
        out="runs/a",
        epochs=2,
        seed=1,
        loss=HINGE,
        backend="numpy",
        dataset="glyphs",
        average=Average(1000),
        penalties=Penalty("real", 0.0, 10.0),
        n_critic=2,
        generator=[Dense(64), Tanh(), Reshape((8, 8, 1))],
        discriminator={"layers": [{"layer": "flatten"}, {"layer": "dense", "units": 1}]},
        callbacks=[Best(), every(100, seen), seen, Epochs(128, 2), Live(9)],
    )


def fitted(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> gankit.Run:
    """Train networks on images."""
    return gankit.fit(
        images,
        GENERATOR,
        [*CRITIC, Dense(1)],
        steps=10,
        latent=4,
        labels=labels,
        loss=loss(),
        generator_optimizer=Adam(1e-4, 0.5, 0.999, 1e-7),
        discriminator_optimizer=RMSprop(Schedule("linear", 1e-3, 0.0, 1e6), 0.9, 1e-7),
        penalties=[Penalty("between", 1.0, 10.0, every=4)],
        augment=Augment(("translation", "cutout")),
        instance_noise=0.1,
        callbacks=History(),
    )


def used(run: gankit.Run) -> None:
    """Use a run."""
    assert_type(run.step, int)
    assert_type(run.problem, Problem)
    assert_type(run.trainer, Trainer)
    assert_type(run.config, TrainConfig | None)
    assert_type(run.folder, Path | None)
    assert_type(run.class_names, tuple[str, ...])
    assert_type(run.generator, Generator)
    assert_type(run.sample(4, labels=3), Array)
    assert_type(run.sample(2, labels=["cat", "dog"], truncation=0.7), Array)
    assert_type(run.chunks(10**6), Iterator[Array])
    assert_type(run.interpolate([1, 2], steps=8), Array)
    assert_type(run.each_class(5), Labels)
    assert_type(run.grid(16, seed=1), Picture)
    assert_type(run.plot(), Plot)
    run.grid(16).save("grid.png")
    run.plot().save("losses.png")
    assert_type(run.trainer.state(), State)
    assert_type(run.trainer.generator(run.sample(1)), Array)


def losses_of(run: gankit.Run) -> None:
    """Use the losses of a run."""
    assert_type(run.history.discriminator, NDArray[np.float64])
    assert_type(run.history.generator, NDArray[np.float64])
    assert_type(run.history[-1], NDArray[np.float64])
    assert_type(run.history[10:], NDArray[np.float64])
    assert_type(run.history[:, 1], NDArray[np.float64])
    assert_type(run.history[-1, 0], np.float64)


def measured(run: gankit.Run) -> float:
    """Evaluate a run."""
    evaluation = run.evaluate(n=1000)
    assert_type(evaluation, Evaluation)
    assert_type(evaluation.kernel_deviation, float | None)
    assert_type(evaluation.histogram, tuple[float, ...] | None)
    assert_type(evaluation.as_json(), dict[str, object])
    return evaluation.frechet


def loaded() -> gankit.Run:
    """Load a run, and use what is in its configuration and its problem."""
    run = gankit.load(Path("runs/a"), "torch", best=True)
    if run.config is not None:
        assert_type(run.config.settings(), dict[str, object])
        assert_type(run.config.generator.layers, Spec)
        assert_type(run.config.penalties, tuple[Penalty, ...])
        assert_type(run.config.total_steps(1000), int)
    assert_type(run.problem.loss, Loss)
    assert_type(run.problem.generator, Spec | object)
    assert_type(run.problem.initial_state(), State)
    return run


def offered(_data_dir: Path | None) -> ImageSet:
    """Return images that a data set offers."""
    return ImageSet(np.zeros((10, 8, 8, 1), np.uint8), None, "zeros")


def registered() -> Backend:
    """Register things at run time, and take a backend by its name."""
    gankit.register(loss())
    gankit.register(Dataset("zeros", "black images", offered))
    return gankit.get_backend("numpy")


def by_hand(backend: Backend) -> Trainer:
    """Build a trainer of a problem."""
    problem = Problem(
        generator=GENERATOR,
        discriminator=(Flatten(), Dense(1)),
        latent=4,
        image_shape=(8, 8, 1),
        loss=HINGE,
        generator_optimizer=SGD(0.1),
        discriminator_optimizer=SGD(0.1),
    )
    trainer = backend.trainer(problem)
    assert_type(trainer, Trainer)
    checkpoint = read_checkpoint(Path("runs/a/checkpoints/000100"))
    assert_type(checkpoint, Checkpoint)
    trainer.load_state(checkpoint.state)
    return trainer


def watched(images: NDArray[np.uint8]) -> None:
    """Train, and continue after Ctrl-C."""
    try:
        gankit.fit(images, GENERATOR, (Flatten(), Dense(1)), steps=9, latent=4, callbacks=Bar(9))
    except gankit.GankitError as error:
        assert_type(error.exit_code, gankit.ExitCode)
