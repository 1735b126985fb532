"""Train networks on images in memory."""

from __future__ import annotations

from gankit._utils.counts import check_count
from gankit._utils.plain_numbers import number
from gankit._utils.stop_signals import by_ctrl_c
from gankit.callbacks import History, Watchdog
from gankit.contract import Backend, Problem
from gankit.data.memory_data import MemoryData
from gankit.launch.backends import choose_backend
from gankit.launch.checks.misuse_warnings import warn_of_misuse
from gankit.launch.checks.run_start import Start
from gankit.launch.from_python.interruption import run_or_interrupt
from gankit.launch.from_python.progress_bar import with_bar
from gankit.launch.run import Run
from gankit.training import Callbacks, StepShape, as_callbacks, fit


def fit_images(
    data: MemoryData,
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
