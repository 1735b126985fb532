"""The training loop: a run, block by block, with callbacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils.plain_numbers import number
from gankit.contract import AnyLabels, Array, Block, BlockTrainer, Problem, Trainer
from gankit.contract.problem_checks import check_pixels
from gankit.errors import ConfigError, Diverged, PluginError, shown
from gankit.training.alternate import alternate
from gankit.training.plan import StepShape, plan
from gankit.training.progress import (
    Callback,
    Callbacks,
    FinishingCallback,
    Progress,
    StopRequest,
    as_callbacks,
)

BLOCK_BYTES = 32 * 2**20
BLOCK_SECONDS = 0.5


def fit(
    trainer: Trainer,
    problem: Problem,
    step_shape: StepShape,
    images: NDArray[Any],
    labels: AnyLabels | None = None,
    source: NDArray[Any] | None = None,
    *,
    steps: int,
    start: int = 0,
    callbacks: Callbacks = (),
    stop: Callable[[], bool] = lambda: False,
    request: StopRequest | None = None,
) -> int:
    """Train from step `start` to step `steps`, or until `stop()`; return the steps done.

    A callback may end the run too, by `progress.stop`.

    In several processes (`problem.world`), all have the chief's ends of blocks, and all stop if one
    of them does.

    Blocks end at the callbacks' boundaries, are long enough to amortize the call, and short enough
    to show progress. Block boundaries do not change the numbers.

    Parameters
    ----------
    trainer
        The trainer, in the state of step `start`.
    problem
        The problem that the trainer was built for.
    step_shape
        `n_critic`, the batch size, and how many of a batch have labels.
    images
        `(N, height, width, channels)`: uint8, or real numbers in [-1, 1].
    labels
        `(N,)` int64 if the problem has classes, -1 for none if it takes such images;
        `(N, columns)` real numbers if it has conditions. None by default.
    source
        The sources, `(M, height, width, channels)` like the images, if the problem has some; as
        many as images if they are paired. None by default.
    steps
        The step to train up to, counted from the run's first.
    start
        Steps done before; 0 by default.
    callbacks
        One or several of: callbacks, and functions of a `Progress`, which are called after every
        step. None by default.
    stop
        Called after each block; training ends if it returns True. By default it never does.
    request
        Gets the reason if a callback stops the run.

    Raises
    ------
    Diverged
        A loss is no longer finite; the callbacks are not called for that block.
    PluginError
        An update, or a block, returned something other than its losses.
    """
    if problem.label_format:
        problem.label_format.check(labels, len(images))
    check_pixels(images.dtype)
    _check_source(problem, len(images), source)
    called = as_callbacks(callbacks)
    request = StopRequest() if request is None else request
    feed = _feed(trainer, problem, images, labels, source)
    sources = None if source is None else len(source)
    largest = _largest_block(problem, step_shape)
    world = problem.world
    step, size, done = start, 1, start >= steps
    while not done:
        boundaries = [_boundary(callback, step) for callback in called]
        end = world.of_chief(min([steps, step + size, *boundaries]))
        began = time.perf_counter()
        made = feed(plan(problem, step_shape, len(images), step, end - step, sources, labels))
        elapsed = time.perf_counter() - began
        _check_columns(made, end - step, problem.loss_columns, trainer)
        _check_finite(made, step, problem.loss_columns)
        losses, terms = made[:, :2], problem.term_values(made)
        step, size = end, _next_size(size, end - step, elapsed, largest)
        done = world.any(step >= steps or stop())
        progress = Progress(step, losses, trainer, done, problem, request, elapsed, terms)
        for callback in called:
            callback(progress)
        if not done and world.any(bool(request.reason)):
            done = True
            _finish(called, replace(progress, done=True))
    return step


def _finish(called: Iterable[Callback], progress: Progress) -> None:
    """Tell the callbacks that do something at a run's end that this is it."""
    for callback in called:
        if isinstance(callback, FinishingCallback):
            callback.finish(progress)


def _check_source(problem: Problem, images: int, source: NDArray[Any] | None) -> None:
    """Raise ConfigError unless the sources are those of the problem."""
    if problem.source is None:
        return
    if source is None:
        raise ConfigError(f"source: got None; expected images, {problem.source} sources")
    check_pixels(source.dtype)
    if source.shape[1:] != problem.source_shape:
        raise ConfigError(
            f"source: got images of {source.shape[1:]}; expected {problem.source_shape}"
        )
    if problem.source == "paired" and len(source) != images:
        found = counted(len(source), "image")
        raise ConfigError(f"source: got {found}; expected {images}, one for each")


def _feed(
    trainer: Trainer,
    problem: Problem,
    images: NDArray[Any],
    labels: AnyLabels | None,
    source: NDArray[Any] | None,
) -> Callable[[Block], Array]:
    """Return a function that runs a block: the trainer's own `train_block`, or `alternate`."""
    if isinstance(trainer, BlockTrainer):
        if source is None:  # A backend without the capability "sources" has no third argument.
            trainer.place(images, labels)
        else:
            trainer.place(images, labels, source)
        return trainer.train_block
    return lambda block: alternate(trainer, block.batches(problem, images, labels, source))


def _boundary(callback: Callback, step: int) -> int:
    """Return the callback's next boundary; ConfigError unless it is after `step`."""
    boundary: object = number(callback.next_boundary(step))
    if not isinstance(boundary, int) or boundary <= step:
        raise ConfigError(
            f"next_boundary of callback {shown(callback)}: got {shown(boundary)} after step "
            f"{step}; expected a whole number above it"
        )
    return boundary


def _largest_block(problem: Problem, step_shape: StepShape) -> int:
    """Return the number of steps that fit in 32 MiB, at least one."""
    return max(1, BLOCK_BYTES // plan(problem, step_shape, 1, 0, 1, sources=1).nbytes)


def _next_size(size: int, ran: int, elapsed: float, largest: int) -> int:
    """Double the block size while blocks are quick, halve it while they are slow."""
    if elapsed > BLOCK_SECONDS:
        return max(1, ran // 2)
    return min(2 * size, largest) if ran == size and elapsed < BLOCK_SECONDS / 2 else size


def _check_columns(losses: Array, steps: int, names: Sequence[str], trainer: Trainer) -> None:
    """Raise PluginError unless a block returned its columns for each step."""
    if getattr(losses, "shape", None) != (steps, len(names)):
        raise PluginError(
            f"losses of {shown(trainer)}: got {shown(losses)} for {counted(steps, 'step')}; "
            f"expected {(steps, len(names))}, for each step {', '.join(names)}"
        )


def _check_finite(losses: Array, start: int, names: Sequence[str]) -> None:
    bad = np.argwhere(~np.isfinite(losses))
    if len(bad):
        row, column = bad[0]
        what = f"the {names[column]}'s loss" if column < 2 else f"the term {names[column]}"
        raise Diverged(
            f"{what} is {losses[row, column]} in step {start + row + 1}; "
            "try a smaller learning rate, or another loss"
        )
