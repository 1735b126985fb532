"""Train networks on images in memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gankit._utils.counts import check_count
from gankit._utils.plain_numbers import number
from gankit._utils.stop_signals import by_ctrl_c
from gankit.callbacks import History, Watchdog
from gankit.contract import Backend, Problem
from gankit.data import array_checks
from gankit.data.labels import as_labels, without_gaps
from gankit.errors import ConfigError
from gankit.launch.backends import choose_backend
from gankit.launch.checks.misuse_warnings import warn_of_misuse
from gankit.launch.checks.run_start import Start
from gankit.launch.from_python.interruption import run_or_interrupt
from gankit.launch.from_python.progress_bar import with_bar
from gankit.launch.run import Run
from gankit.training import Callbacks, StepShape, as_callbacks, fit


class TrainingArrays(NamedTuple):
    """Images and labels, checked.

    Attributes
    ----------
    images
        `(N, height, width, channels)` uint8, or real numbers in [-1, 1].
    labels
        `(N,)` int64, without gaps; None without classes.
    classes
        Number of classes; 0 without.
    class_names
        Their names; empty if they have none.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64] | None
    classes: int
    class_names: tuple[str, ...]


def training_arrays(images: object, labels: object) -> TrainingArrays:
    """Return the images and labels that `gankit.fit` takes, checked; ConfigError if invalid."""
    checked = array_checks.images(array_checks.array(images), "images", ConfigError, reals=True)
    if labels is None:
        return TrainingArrays(checked, None, 0, ())
    found, names = as_labels(array_checks.array(labels, "labels"), "labels", ConfigError)
    if len(found) != len(checked):
        count = len(checked)
        raise ConfigError(f"labels: got {len(found)}; expected {count}, one for each image")
    numbers, names = without_gaps(found, names)
    classes = len(names) or int(numbers.max()) + 1
    return TrainingArrays(checked, numbers, classes, names)


def fit_images(
    data: TrainingArrays,
    problem: Problem,
    step_shape: StepShape,
    backend: str | Backend,
    *,
    steps: int,
    progress: bool,
    callbacks: Callbacks,
) -> Run:
    """Train as `gankit.fit` does, with its errors."""
    check_count("steps", steps)
    steps, called = number(steps), as_callbacks(callbacks)
    networks = {"generator": problem.generator, "discriminator": problem.discriminator}
    chosen = choose_backend(backend, networks=networks)
    trainer = chosen.trainer(problem)
    images, labels = data.images, data.labels
    warn_of_misuse(Start(problem, trainer, images, labels, step_shape.batch))
    history = History()
    with by_ctrl_c() as stop, with_bar(progress, steps, called) as watched:
        step = fit(
            trainer, problem, step_shape, images, labels, steps=steps, stop=stop,
            callbacks=[history, Watchdog(problem, images), *watched],
        )  # fmt: skip
    losses, names = history.losses(), data.class_names
    run = Run(problem, trainer, step, losses, backend=chosen.name, class_names=names)
    return run_or_interrupt(run, stop, steps)
