"""Time and memory of sampling, compared with the generator's matrix products.

    python tests/benchmarks/sampling.py [BACKEND...] [--count 100000] [--turns 5]

The products are those of the seed's generator on 1,024 rows at a time, by the backend's own
framework. `gankit sample` draws noise, makes images, and writes them to an .npy file: that is what
is timed, without the start of the process.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from loops import GENERATOR
from loops.problems import problem_of
from scaling import own

from gankit import plugins
from gankit.launch.run import Run
from gankit.launch.run.noise_chunks import CHUNK
from gankit.runs import arrays

MODULES = {"torch": "torch", "keras": "keras", "numpy": "numpy"}


def products(backend: str) -> Callable[[int], None]:
    """Return what multiplies as the generator does, for so many images."""
    random = np.random.default_rng(0)
    pairs = [
        (random.random((CHUNK, inputs), np.float32), random.random((inputs, units), np.float32))
        for inputs, units in itertools.pairwise(GENERATOR)
    ]
    multiply: Callable[..., object] = np.matmul
    if backend == "torch":
        import torch
        from gankit_torch.matmul import float32_products

        multiply = float32_products(torch.mm)
        pairs = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in pairs]
    elif backend == "keras":
        import tensorflow as tf

        multiply = tf.linalg.matmul
        pairs = [(tf.constant(a), tf.constant(b)) for a, b in pairs]

    def run(count: int) -> None:
        for _ in range(count // CHUNK):
            for left, right in pairs:
                multiply(left, right)

    return run


def measure(backend: str, count: int, turns: int) -> str:
    """Return a line: seconds of both, their ratio, and the memory of `count` images."""
    problem, _ = problem_of("simple")
    trainer = plugins.get_backend(backend).trainer(problem)
    run = Run(problem, trainer, 0, np.empty((0, 2)))
    multiply = products(backend)
    times: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        arrays.write(path, run.chunks(4 * CHUNK), 4 * CHUNK)
        multiply(4 * CHUNK)
        before = peak = own()
        for _ in range(turns):
            started = time.perf_counter()
            multiply(count)
            multiplied = time.perf_counter()
            for chunk in run.chunks(count):
                peak = max(peak, own())
                del chunk
            made = time.perf_counter()
            arrays.write(path, run.chunks(count), count)
            times.append((multiplied - started, made - multiplied, time.perf_counter() - made))
            peak = max(peak, own())
    floor, making, whole = (statistics.median(column) for column in zip(*times, strict=True))
    return (
        f"{backend:<8}{floor:>12.2f}{making:>12.2f}{making / floor:>8.2f}{whole:>12.2f}"
        f"{whole / floor:>8.2f}{peak - before:>10.0f}"
    )


def main() -> None:
    """Measure each backend in a separate process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backends", nargs="*", default=list(MODULES), metavar="BACKEND")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.alone:
        print(measure(chosen.backends[0], chosen.count, chosen.turns))
        return
    heads = (
        f"{'products s':>12}{'made s':>12}{'ratio':>8}{'written s':>12}{'ratio':>8}{'MB more':>10}"
    )
    print(f"{'':<8}{heads}")
    for backend in chosen.backends:
        if importlib.util.find_spec(MODULES.get(backend, backend)):
            numbers = ["--count", str(chosen.count), "--turns", str(chosen.turns)]
            command = [sys.executable, __file__, backend, "--alone", *numbers]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
