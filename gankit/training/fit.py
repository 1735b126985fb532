"""The algorithm: Goodfellow et al. 2014, Algorithm 1, over any backend.

`plan` says what happens in which step, `alternate` does it update by update, and `fit` walks a run
block by block, with a list of callbacks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit._utils.plain_numbers import number, plain_numbers
from gankit.contract import (
    Array,
    Batch,
    Block,
    BlockTrainer,
    Labels,
    Problem,
    Trainer,
    check_labels,
)
from gankit.contract.random_inputs import Draws, draw
from gankit.contract.random_streams import Stream, generator
from gankit.contract.scalars import rates
from gankit.errors import ConfigError, Diverged, shown

BLOCK_BYTES = 32 * 2**20
BLOCK_SECONDS = 0.5
MOST = 10**9
"""The largest number of anything that is counted: steps, images, units."""


def check_count(name: str, value: object) -> None:
    """Raise ConfigError unless `value`, called `name`, is a whole number from 1 to `MOST`."""
    value = number(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not 1 <= value <= MOST:  # type: ignore[operator]
        raise ConfigError(
            f"{name} is {shown(value)}; it must be whole, at least 1, and at most {MOST:,}"
        )


@dataclass(frozen=True)
@plain_numbers
class StepShape:
    """How a step is made up: `n_critic` discriminator updates of `batch` images, then one for G.

    Both are at least 1; `n_critic` is 1 by default.
    """

    batch: int
    n_critic: int = 1

    def __post_init__(self) -> None:
        """Refuse numbers that make no step."""
        check_count("batch", self.batch)
        check_count("n_critic", self.n_critic)


def plan(problem: Problem, step_shape: StepShape, images: int, start: int, steps: int) -> Block:
    """Draw `steps` steps from step `start` on: a pure function of the seed and the step.

    Images are drawn with replacement. Noise is drawn in float32 whatever the precision, so that
    runs of either precision see the same numbers.

    Parameters
    ----------
    problem
        What is trained: the width of the noise, the seed, and which random numbers it needs.
    step_shape
        How a step is made up.
    images
        The number of images in the data set, at least 1; not the images themselves.
    start, steps
        Whole numbers, at least 0.

    Raises
    ------
    ConfigError
        One of these is something else.
    """
    check_count("images, the number of images,", images)
    for name, value in (("start", start), ("steps", steps)):
        if not isinstance(value, int | np.integer) or value < 0:
            raise ConfigError(f"{name} is {shown(value)}; it must be whole and at least 0")
    updates, batch, span = step_shape.n_critic + 1, step_shape.batch, range(start, start + steps)
    index = np.empty((steps, updates, batch), np.int64)
    noise = np.empty((steps, updates, batch, problem.latent), np.float32)
    fresh = updates if problem.fresh_noise else updates - 1
    for row, r in enumerate(span):
        index[row] = generator(problem.seed, Stream.INDEX, r).integers(0, images, (updates, batch))
        random = generator(problem.seed, Stream.NOISE, r)
        random.standard_normal(dtype=np.float32, out=noise[row, :fresh])
        noise[row, fresh:] = noise[row, fresh - 1]
    return Block(
        seed=problem.seed,
        start=start,
        index=index,
        noise=noise.astype(problem.precision, copy=False),
        random=_stacked([draw(problem, batch, updates, r) for r in span]),
        scalars=rates(problem, batch, step_shape.n_critic, span),
    )


def _stacked(steps: list[Draws]) -> Draws:
    """Lay each draw of many rounds together, `(rounds, updates, batch, ...)`."""
    return {name: np.stack([draws[name] for draws in steps]) for name in steps[0]}


def alternate(trainer: Trainer, steps: Iterable[Sequence[Batch]]) -> Array:
    """Take the batches of `steps` with `trainer`; return `(K, 2)` losses.

    Each step is its discriminator updates, then its generator update.

    The first column is the mean of the step's discriminator losses, the second the generator's.
    """
    losses = []
    for *critic, last in steps:
        discriminator = [trainer.update_discriminator(batch) for batch in critic]
        losses.append((discriminator, trainer.update_generator(last)))
    return np.array([(np.mean([float(loss) for loss in d]), float(g)) for d, g in losses])


@dataclass(frozen=True)
class Progress:
    """What a callback sees after a block.

    Attributes
    ----------
    step
        How many steps are done.
    losses
        `(K, 2)` float64: those of the block's steps, discriminator and generator.
    trainer
        The trainer, between two steps.
    done
        Whether this is the last call: all rounds are done, or the run was asked to stop.
    problem
        What the trainer was built for: the noise and the classes that its generator takes.
    """

    step: int
    losses: Array = field(repr=False)
    trainer: Trainer = field(repr=False)
    done: bool
    problem: Problem | None = field(default=None, repr=False)


class Callback(Protocol):
    """Something to do between blocks; a function that needs no edges is one too: `as_callbacks`."""

    def next_boundary(self, step: int, /) -> int:
        """Return the first step after `step` at which a block must end for this callback."""
        ...

    def __call__(self, progress: Progress, /) -> None:
        """Look at `progress`; called after every block, whether at an edge or not."""
        ...


@dataclass(frozen=True)
class EachStep:
    """Calls a plain function after every step: blocks are one step long, which costs time."""

    function: Callable[[Progress], object]

    def next_boundary(self, step: int, /) -> int:
        """Return the next step."""
        return step + 1

    def __call__(self, progress: Progress, /) -> None:
        """Call the function."""
        self.function(progress)


Callbacks: TypeAlias = Callback | Callable[[Progress], object] | Iterable[Any]
"""One callback, one function of a `Progress`, or several of them."""


def as_callbacks(given: Callbacks) -> list[Callback]:
    """Return callbacks as a list; a plain function is called after every step.

    Raises
    ------
    ConfigError
        Something is neither a callback nor a function.
    """
    several = isinstance(given, Iterable) and not callable(given)
    return [_as_callback(one) for one in (given if several else [given])]  # type: ignore[union-attr]


def _as_callback(given: Any) -> Callback:  # noqa: ANN401 - whatever a person gives.
    if isinstance(given, type):
        raise ConfigError(f"callbacks: got {shown(given)}; write {given.__name__}(...)")
    if not callable(given):
        raise ConfigError(
            f"callbacks: got {shown(given)}; expected a function of one argument, or one of "
            "gankit.callbacks"
        )
    return given if callable(getattr(given, "next_boundary", None)) else EachStep(given)


def fit(
    trainer: Trainer,
    problem: Problem,
    step_shape: StepShape,
    images: NDArray[Any],
    labels: Labels | None = None,
    *,
    steps: int,
    start: int = 0,
    callbacks: Callbacks = (),
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Train from step `start` to step `steps`, or until `stop()`; return the steps done.

    Blocks end at the callbacks' edges, and are long enough for a call to be worth its while and
    short enough for a person to see progress. Where they end changes no number.

    Parameters
    ----------
    trainer
        What takes the steps, at the state of step `start`.
    problem
        What the trainer was built for.
    step_shape
        How a step is made up.
    images
        `(N, height, width, channels)`: uint8, or real numbers in [-1, 1].
    labels
        `(N,)` int64, if the problem has classes; None by default.
    steps
        The step to train up to, counted from the run's first.
    start
        Steps that are done; 0 by default.
    callbacks
        One or several of: callbacks, and functions of a `Progress`, which are called after every
        step. None by default.
    stop
        Asked after each block whether to end; by default it never does.

    Raises
    ------
    Diverged
        A loss is no longer finite; the callbacks have not seen that block.
    """
    if problem.classes:
        check_labels(labels, len(images), problem.classes)
    called = as_callbacks(callbacks)
    feed = _feed(trainer, problem, images, labels)
    largest = _largest_block(problem, step_shape)
    step, size, done = start, 1, start >= steps
    while not done:
        edges = [callback.next_boundary(step) for callback in called]
        end = min([steps, step + size, *edges])
        began = time.perf_counter()
        losses = feed(plan(problem, step_shape, len(images), step, end - step))
        elapsed = time.perf_counter() - began
        _check_finite(losses, step)
        step, size = end, _next_size(size, end - step, elapsed, largest)
        done = step >= steps or stop()
        for callback in called:
            callback(Progress(step, losses, trainer, done, problem))
    return step


def _feed(
    trainer: Trainer, problem: Problem, images: NDArray[Any], labels: Labels | None
) -> Callable[[Block], Array]:
    """Return what runs a block: the trainer's own way where it has one."""
    if isinstance(trainer, BlockTrainer):
        trainer.place(images, labels)
        return trainer.train_block
    return lambda block: alternate(trainer, block.batches(problem, images, labels))


def _largest_block(problem: Problem, step_shape: StepShape) -> int:
    """Return how many steps fit in 32 MiB, at least one."""
    return max(1, BLOCK_BYTES // plan(problem, step_shape, images=1, start=0, steps=1).nbytes)


def _next_size(size: int, ran: int, elapsed: float, largest: int) -> int:
    """Double the block while it is quick, halve it while it is slow."""
    if elapsed > BLOCK_SECONDS:
        return max(1, ran // 2)
    return min(2 * size, largest) if ran == size and elapsed < BLOCK_SECONDS / 2 else size


def _check_finite(losses: Array, start: int) -> None:
    bad = np.argwhere(~np.isfinite(losses))
    if len(bad):
        row, column = bad[0]
        who = ("discriminator", "generator")[column]
        raise Diverged(
            f"the {who}'s loss is {losses[row, column]} in step {start + row + 1}; "
            "try a smaller learning rate, or another loss"
        )
