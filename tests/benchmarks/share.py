"""Time that gankit's core needs: the part of a step outside the backend.

    python tests/benchmarks/share.py [BACKEND...] [--seconds 5]

`fit` runs, with the callbacks that keep the history and show a bar, and the time inside the
backend's `train_block` is taken off. Once with the seed's networks, where it should be a small
share of a step; and once with tiny networks, where it is measurable. The frameworks' own Python
belongs to the backend: `steps.py` compares that with handwritten loops.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import sys
import time
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from loops.problems import problem_of, resized

from gankit import plugins
from gankit.callbacks import Bar, History
from gankit.training import fit

FRAMEWORKS = {"torch": "torch", "keras": "keras", "jax": "gankit_jax"}
SIDE, LATENT, UNITS, BATCH = 2, 4, 8, 4
"""Of tiny networks."""


@dataclass
class Timed:
    """A trainer whose blocks are timed; it is a `BlockTrainer` as that is."""

    trainer: Any
    spent: float = 0.0

    def __getattr__(self, name: str) -> Any:
        """Return the trainer's attribute."""
        return getattr(self.trainer, name)

    def place(self, *data: Any) -> None:
        """Take the data set."""
        self.trainer.place(*data)

    def train_block(self, block: Any) -> Any:
        """Run the block and add its time."""
        began = time.perf_counter()
        try:
            return self.trainer.train_block(block)
        finally:
            self.spent += time.perf_counter() - began


def sized(size: str) -> tuple[Any, Any]:
    """Return the problem and step_shape: the seed's networks, or tiny ones of as many layers."""
    if size != "tiny":
        return problem_of("simple")
    problem, step_shape = problem_of("simple", batch=BATCH, latent=LATENT)
    return resized(problem, (SIDE, SIDE, 1), lambda _: UNITS), step_shape


def measured(backend: str, size: str, seconds: float) -> tuple[float, float]:
    """Return the microseconds of a step, and those of them that are the core's."""
    problem, step_shape = sized(size)
    trainer = Timed(plugins.get_backend(backend).trainer(problem))
    images = np.random.default_rng(0).integers(0, 256, (2000, *problem.image_shape), np.uint8)
    done = 0
    for share in (0.25, 1.0):  # The first is for compilers and caches.
        trainer.spent, start, began = 0.0, done, time.perf_counter()
        end = began + share * seconds
        with redirect_stderr(io.StringIO()):
            done = fit(
                trainer,
                problem,
                step_shape,
                images,
                steps=10**9,
                start=start,
                callbacks=[History(), Bar(10**9, start)],
                stop=lambda end=end: time.perf_counter() > end,
            )
        whole = time.perf_counter() - began
    steps = done - start
    return whole / steps * 1e6, (whole - trainer.spent) / steps * 1e6


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backends", nargs="*", default=list(FRAMEWORKS), metavar="BACKEND")
    parser.add_argument("--seconds", type=float, default=5.0)
    chosen = parser.parse_args()
    print(f"{'':<8}{'networks':<12}{'us a step':>12}{'the core':>12}{'share':>10}")
    for backend in chosen.backends:
        if importlib.util.find_spec(FRAMEWORKS.get(backend, backend)) is None:
            print(f"{backend}: not installed", file=sys.stderr)
            continue
        for size in ("the seed's", "tiny"):
            whole, core = measured(backend, size, chosen.seconds)
            share = f"{core / whole:.1%}"
            print(f"{backend:<8}{size:<12}{whole:>12,.0f}{core:>12,.1f}{share:>10}", flush=True)


if __name__ == "__main__":
    main()
