"""Measure the time of a step, as a child process: `python -m gankit.testing.runner.speed NAME`."""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gankit import plugins
from gankit._utils.child_process import channel
from gankit.config import from_settings
from gankit.contract import Backend, Precision
from gankit.contract.random_streams import Stream, generator
from gankit.recipes import recipe
from gankit.testing.runner.reporting import ready_backend
from gankit.training import fit

TURNS = 5
SECONDS = 0.2
"""About how long one turn of a backend takes."""


def steps(backend: Backend, wanted: Precision) -> Callable[[int], None]:
    """Return a function that runs a number of steps of the recipe `simple`."""
    config = from_settings(recipe("simple").settings)
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    problem = replace(problem, precision=wanted)
    images = generator(0, Stream.SAMPLE).integers(0, 256, (1000, 28, 28, 1), np.uint8)
    trainer = backend.trainer(problem)
    done = [0]

    def run(count: int) -> None:
        start = done[0]
        done[0] += count
        fit(trainer, problem, config.step_shape(), images, steps=done[0], start=start)

    return run


def milliseconds(backends: list[Backend], wanted: Precision) -> list[float]:
    """Return each backend's median milliseconds a step; they take turns, as load may change."""
    runs = [steps(backend, wanted) for backend in backends]
    counts = [_count(run) for run in runs]
    spent: list[list[float]] = [[] for _ in runs]
    for _ in range(TURNS):
        for run, count, times in zip(runs, counts, spent, strict=True):
            times.append(_seconds(run, count) / count * 1e3)
    return [statistics.median(times) for times in spent]


def _count(run: Callable[[int], None]) -> int:
    """Warm up, and return the number of steps of a turn: a power of two, at most 64."""
    run(1)
    run(2)
    last = min(max(SECONDS / _seconds(run, 2) * 2, 1), 64)
    count: int = 2 ** math.floor(math.log2(last))
    run(count)  # A block of another length may be compiled again.
    return count


def _seconds(run: Callable[[int], None], count: int) -> float:
    began = time.perf_counter()
    run(count)
    return time.perf_counter() - began


def main(name: str) -> None:
    """Measure one backend and the reference."""
    send = channel()
    backend = ready_backend(name, send)
    wanted: Precision = "float32" if "float32" in backend.capabilities else "float64"
    pair = [backend] if name == "numpy" else [backend, plugins.get_backend("numpy")]
    found = milliseconds(pair, wanted)
    send({"milliseconds": found[0], "reference": found[-1], "precision": wanted, "done": True})


if __name__ == "__main__":
    main(sys.argv[1])
