"""Time a sum over processes by its size, and a step in one and in two processes.

    python tests/benchmarks/collectives.py sums [--backends torch,keras] [--processes 2,3]
    python tests/benchmarks/collectives.py steps [--recipes simple,dcgan] [--backends torch,keras]

Both print a Markdown table; the machine must have nothing else to do. The processes run on this
machine, so the sums cross no network. A step has the recipe's batch, in float32.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from quality import line
from recipes import measure

from gankit._utils.child_group import run_group
from gankit._utils.start_variables import started
from gankit._utils.system import release
from gankit.contract import World
from gankit.plugins import get_backend

CHILD = "--child"
BYTES = (256, 1024, 4096, 16384, 65536, 2**18, 2**20, 2**22, 25_000_000)
"""Sizes of a sum: a batch norm's statistics have some hundred bytes, gradients up to 25 MB."""
REPEATS = 15
"""Timed repetitions, after one that is not; the shortest counts."""
TURNS = 3
RECIPES = ("simple", "dcgan", "wgan-gp")

Sum: TypeAlias = Callable[[int], None]
"""Makes so many sums."""


def torch_sum(world: World, size: int) -> Sum:
    """Return a function that sums a float32 tensor of `size` bytes, as an update does."""
    import torch

    groups, x = world.total.__self__, torch.zeros(size // 4)  # type: ignore[attr-defined]

    def many(count: int) -> None:
        for _ in range(count):
            groups.all_reduce(x)

    return many


def keras_sum(world: World, size: int) -> Sum:
    """Return the same with TensorFlow, in a compiled loop."""
    import tensorflow as tf

    cluster, x = world.total.__self__, tf.zeros(size // 4)  # type: ignore[attr-defined]

    @tf.function(autograph=False)
    def loop(count: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(
            lambda i, _: i < count,
            lambda i, _: (i + 1, cluster.all_reduce(x)[0]),
            (0, x[0]),
            parallel_iterations=1,
        )[1]

    return lambda count: loop(tf.constant(count)).numpy()


SUMS = {"torch": torch_sum, "keras": keras_sum}


def time_sums(backend: str) -> list[float]:
    """Return the milliseconds of a sum for each of `BYTES`."""
    world, found = get_backend(backend).world(), []
    for size in BYTES:
        many, count = SUMS[backend](world, size), max(2, min(200, 4_000_000 // size))
        times = []
        for _ in range(1 + REPEATS):
            began = time.perf_counter()
            many(count)
            times.append((time.perf_counter() - began) / count * 1e3)
        found.append(min(times[1:]))
    return found


def in_processes(size: int, *arguments: str) -> list[float]:
    """Return what the first of `size` processes measured."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        code = run_group(size, "collectives", [CHILD, str(answer), *arguments], print)
        if code:
            raise SystemExit(f"{arguments} in {size} processes ended with exit code {code}")
        found: list[float] = json.loads(answer.read_text("utf-8"))
        return found


def work(answer: Path, what: str, backend: str, *recipe: str) -> None:
    """Measure as one of several processes; the first writes the answer."""
    found = time_sums(backend) if what == "sums" else [measure(*recipe, backend)]
    if started().rank == 0:
        answer.write_text(json.dumps(found), "utf-8")


def sums_table(backends: Iterable[str], sizes: Iterable[int]) -> Iterable[str]:
    """Yield the table of sums, and the two numbers of a line through it."""
    found = {(b, n): in_processes(n, "sums", b) for b in backends for n in sizes}
    yield line("bytes", *(f"{backend}, {n} processes" for backend, n in found))
    yield line("---:", *["---:"] * len(found))
    for i, size in enumerate(BYTES):
        yield line(f"{size:,}", *(f"{times[i]:.3f}" for times in found.values()))
    for (backend, n), times in found.items():
        alpha, beta = line_of(times, n)
        yield f"{backend}, {n} processes: {alpha:.2f} ms a sum, and {beta:.2f} GB/s"


def line_of(times: list[float], n: int) -> tuple[float, float]:
    """Return alpha in ms and beta in GB/s: ms = alpha + 2 (n - 1) / n * bytes / beta.

    The first is the time of the smallest sum, the second that of the largest without the first.
    """
    alpha = times[0]
    return alpha, 2 * (n - 1) / n * BYTES[-1] / ((times[-1] - alpha) * 1e6)


def steps_table(backends: Iterable[str], recipes: list[str]) -> Iterable[str]:
    """Yield the table of steps; one and two processes take turns, of which the shortest counts."""
    yield line("recipe", "backend", "1 process", "2 processes", "times as fast")
    yield line("---", "---", "---:", "---:", "---:")
    for name, backend in itertools.product(recipes, backends):
        turns = [[in_processes(n, "steps", backend, name)[0] for n in (1, 2)] for _ in range(TURNS)]
        one, two = map(min, zip(*turns, strict=True))
        yield line(name, backend, f"{one:.1f}", f"{two:.1f}", f"{one / two:.2f}")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["sums", "steps"])
    parser.add_argument("--backends", default=",".join(SUMS))
    parser.add_argument("--processes", default="2,3")
    parser.add_argument("--recipes", default=",".join(RECIPES))
    chosen = parser.parse_args()
    backends = chosen.backends.split(",")
    table = (
        sums_table(backends, list(map(int, chosen.processes.split(","))))
        if chosen.what == "sums"
        else steps_table(backends, chosen.recipes.split(","))
    )
    for text in table:
        print(text, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        release()
        work(Path(sys.argv[2]), *sys.argv[3:])
    else:
        main()
