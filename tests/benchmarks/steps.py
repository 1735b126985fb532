"""Time a step of a recipe: gankit's backends, handwritten loops, and only the products.

    python tests/benchmarks/steps.py [NAME...] [--recipe simple] [--steps 32] [--turns 9]

Each contender trains, or multiplies, in a separate process. They take turns, so that a noisy
machine is unkind to all, and a ratio is the median of those within a turn. Contenders whose
libraries are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

PAUSE = 0.2
"""Seconds between two turns, for threads that spin a while after their work."""


@dataclass(frozen=True)
class Contender:
    """A loop of `loops`, with the library that it needs.

    Attributes
    ----------
    module, options
        Of `loops`, and what its `loop` is called with.
    needs
        The module that must be installed.
    steps
        Its steps of a turn, as a share of those asked for; what is slow need not run so many.
    """

    module: str
    needs: str
    options: dict[str, Any] = field(default_factory=dict)
    steps: float = 1.0


SIMPLE = {
    "products": Contender("products", "torch", {"library": "onednn"}),
    "products-default": Contender("products", "torch", {"library": "default"}),
    "products-bfloat16": Contender("products", "torch", {"library": "bfloat16"}),
    "products-tensorflow": Contender("tensorflow_products", "keras"),
    "gankit-torch": Contender("by_gankit", "torch", {"backend": "torch"}),
    "gankit-torch-mixed": Contender("by_gankit", "torch", {"backend": "torch", "mixed": True}),
    "torch-tutorial": Contender("torch_tutorial", "torch"),
    "gankit-keras": Contender("by_gankit", "keras", {"backend": "keras"}),
    "tensorflow-function": Contender("tensorflow_function", "keras"),
    "keras-fit": Contender("keras_fit", "keras"),
    "seed-script": Contender("seed_script", "keras", steps=0.25),
    "gankit-numpy": Contender("by_gankit", "numpy", {"backend": "numpy"}, steps=0.25),
    "gankit-jax": Contender("by_gankit", "gankit_jax", {"backend": "jax"}),
    "jax-scan": Contender("jax_scan", "jax"),
}
"""Those of `simple`."""
CONVOLUTIONAL = ("dcgan", "sn-hinge", "wgan-gp", "r3gan")


def contenders(recipe: str) -> dict[str, Contender]:
    """Return the contenders of a recipe, by name."""
    if recipe == "simple":
        return SIMPLE
    given = {"recipe": recipe}
    last = given | {"channels_last": True}
    return {
        "products": Contender("convolution_products", "torch", given),
        "gankit-torch": Contender("by_gankit", "torch", given | {"backend": "torch"}),
        "torch-tutorial": Contender("torch_loop", "torch", given),
        "torch-channels-last": Contender("torch_loop", "torch", last),
        "torch-frozen": Contender("torch_loop", "torch", last | {"frozen": True}),
        "gankit-keras": Contender("by_gankit", "keras", given | {"backend": "keras"}),
        "tensorflow-function": Contender("tensorflow_loop", "keras", given),
        "gankit-jax": Contender("by_gankit", "gankit_jax", given | {"backend": "jax"}),
    }


class Process:
    """A contender's process: it reads numbers of steps and prints how long they took."""

    def __init__(self, recipe: str, name: str) -> None:
        self.steps = contenders(recipe)[name].steps
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--recipe", recipe, "--work", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def milliseconds(self, steps: int) -> float:
        """Return the time of a step."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        steps = max(1, round(steps * self.steps))
        print(steps, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.process.args[-1]} ended: {self.process.wait()}")  # type: ignore[index]
        return float(json.loads(answer)) / steps * 1e3

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def work(recipe: str, name: str) -> None:
    """Run a contender: read numbers of steps, print seconds."""
    import numpy as np

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print is no answer.
    contender = contenders(recipe)[name]
    images = np.random.default_rng(0).integers(0, 256, (10000, 28, 28, 1), dtype=np.uint8)
    run = importlib.import_module(f"loops.{contender.module}").loop(images, **contender.options)
    for line in sys.stdin:
        began = time.perf_counter()
        run(int(line))
        print(json.dumps(time.perf_counter() - began), file=answers, flush=True)


def measure(recipe: str, names: list[str], steps: int, turns: int) -> dict[str, list[float]]:
    """Return each contender's milliseconds a step, a number for each turn."""
    processes = {name: Process(recipe, name) for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    try:
        for turn in range(-1, turns):
            for name, process in processes.items():
                time.sleep(PAUSE)
                spent = process.milliseconds(steps)
                if turn >= 0:  # The first is for compilers and caches.
                    times[name].append(spent)
    finally:
        for process in processes.values():
            process.end()
    return times


def table(times: dict[str, list[float]]) -> str:
    """Return a line for each contender: median, spread, and the ratio to the first."""
    first = next(iter(times))
    lines = [f"{'':<20}  {'ms a step':>10}  {'least to most':>15}  times {first}"]
    for name, spent in times.items():
        ratio = statistics.median(a / b for a, b in zip(spent, times[first], strict=True))
        spread = f"{min(spent):.1f} to {max(spent):.1f}"
        lines.append(f"{name:<20}  {statistics.median(spent):>10.1f}  {spread:>15}  {ratio:.2f}")
    return "\n".join(lines)


def main() -> None:
    """Measure all points, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="by default all of the recipe")
    parser.add_argument("--recipe", choices=["simple", *CONVOLUTIONAL], default="simple")
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        work(chosen.recipe, chosen.work)
        return
    known = contenders(chosen.recipe)
    if unknown := set(chosen.names) - known.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    names = [name for name in chosen.names or known if importlib.util.find_spec(known[name].needs)]
    print(table(measure(chosen.recipe, names, chosen.steps, chosen.turns)))


if __name__ == "__main__":
    main()
