"""Compare runs of several processes with one process, for every recipe: the table of a page.

    python tests/benchmarks/processes.py FOLDER [--recipes A,B] [--backends torch,keras]

Trains each recipe on MNIST in one, two and three processes, and writes the table into
docs/scaling.md. FOLDER/results.json has the results; what it has is not measured again, unless
the recipe has changed, so the same command continues where it was stopped. No result depends on how
busy the machine is.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from short_training import (
    NAMES,
    Results,
    State,
    apart,
    deviation,
    plan_of,
    trained,
    without_gradient,
    write_table,
)

from gankit._utils.child_group import run_group
from gankit._utils.system import release
from gankit.contract import World
from gankit.functional import Sums
from gankit.testing.agreement import differing

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
STEPS = 20
"""A penalty of every fourth update is due in five of them; three does not divide the batch."""
COMMAND = "python tests/benchmarks/processes.py FOLDER"
CHILD = "--child"
SIZES = (2, 3)
"""The numbers of processes that are compared with one."""
KINDS = ("statistics", "logits", "gradients")
HEADS = (
    "recipe",
    "backend",
    "losses",
    "state",
    "biases",
    "bits",
    "sums a step",
    "MB a step",
    "float32",
    "rounding",
)

Result: TypeAlias = dict[str, Any]
Reduce: TypeAlias = Callable[[Any], Any]
Counted: TypeAlias = tuple[Reduce, Callable[[], NDArray[Any]]]
"""A sum over the processes, and a function that returns how many were made, and their bytes."""


@dataclass(frozen=True)
class CountedSums:
    """The sums of a backend, of which each kind counts its own."""

    world: World
    statistics: Any
    logits: Any
    gradients: Any

    def total(self, x: Any, /) -> Any:
        """Return the sum of `x`."""
        return self.statistics.total(x)

    def whole(self, batch: Any, /, *rows: Any) -> tuple[Any, ...]:
        """Return the rows of all processes."""
        whole: tuple[Any, ...] = self.logits.whole(batch, *rows)
        return whole

    def summed(self, gradients: dict[str, Any], /) -> dict[str, Any]:
        """Return the sums of gradients."""
        summed: dict[str, Any] = self.gradients.summed(gradients)
        return summed


def counted_by_torch(reduce: Reduce) -> Counted:
    """Count the sums of torch's tensors."""
    found = np.zeros(2)

    def counted(x: Any) -> Any:
        found[:] += 1, x.numel() * x.element_size()
        return reduce(x)

    return counted, lambda: found


def counted_by_tensorflow(reduce: Reduce) -> Counted:
    """Count the sums of TensorFlow's tensors, in compiled functions too."""
    import tensorflow as tf

    found = tf.Variable(np.zeros(2), trainable=False)

    def counted(x: Any) -> Any:
        size = tf.cast(tf.size(x), tf.float64) * x.dtype.size
        tf.raw_ops.AssignAddVariableOp(resource=found.handle, value=tf.stack([1.0, size]))
        return reduce(x)

    return counted, found.numpy


BACKENDS = {
    "torch": ("gankit_torch.trainer", counted_by_torch),
    "keras": ("gankit_keras.trainer", counted_by_tensorflow),
}
"""The module in which a backend takes its sums, and how they are counted."""


def count_sums(backend: str) -> Callable[[], dict[str, list[float]]]:
    """Let a backend count its sums; return a function that returns count and bytes by kind."""
    name, count = BACKENDS[backend]
    module = importlib.import_module(name)
    sums_of, read = module.sums_of, {}

    def counted(world: World) -> Sums:
        sums = sums_of(world)
        if world.size == 1:
            return sums
        kinds = {}
        for kind in KINDS:
            reduce, read[kind] = count(sums.reduce)
            kinds[kind] = replace(sums, reduce=reduce)
        return CountedSums(world, **kinds)

    module.sums_of = counted
    return lambda: {kind: list(map(float, found())) for kind, found in read.items()}


def train(name: str, backend: str, precision: str, folder: Path) -> None:
    """Train as one of several processes; write losses, state and counts into the folder."""
    plan, counts = plan_of(name, backend, precision), count_sums(backend)
    rank = plan.problem.world.rank
    np.savez(folder / f"{rank}.npz", **trained(plan, STEPS))
    found = {"sums": counts(), "noise": sorted(without_gradient(plan.problem))}
    (folder / f"{rank}.json").write_text(json.dumps(found), "utf-8")


def in_processes(name: str, backend: str, precision: str, size: int, folder: Path) -> list[State]:
    """Train in `size` processes; return the arrays of each."""
    folder.mkdir()
    code = run_group(size, "processes", [CHILD, name, backend, precision, str(folder)], print)
    if code:
        raise SystemExit(f"{name} on {backend} in {size} processes ended with exit code {code}")
    return [dict(np.load(folder / f"{rank}.npz")) for rank in range(size)]


def measure(name: str, backend: str) -> Result:
    """Train a recipe in several processes and in one; return how they differ, and their sums.

    "losses", "state" and "noise" are lists, with a deviation for each of `SIZES`.
    """
    result: Result = {"losses": [], "state": [], "noise": [], "same": True}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (one,) = in_processes(name, backend, "float64", 1, folder / "1")
        for size in SIZES:
            chief, *others = in_processes(name, backend, "float64", size, folder / str(size))
            result["same"] &= not any(differing(other, chief) for other in others)
            said = json.loads((folder / str(size) / "0.json").read_text("utf-8"))
            result.setdefault("sums", said["sums"])
            add(result, one, chief, said["noise"])
        (single,) = in_processes(name, backend, "float32", 1, folder / "single-1")
        chief, *others = in_processes(name, backend, "float32", 2, folder / "single-2")
    result["same"] &= not any(differing(other, chief) for other in others)
    found, wanted = chief["losses"], single["losses"]
    result["float32"] = [deviation(found[:1], wanted[:1]), deviation(found, wanted)]
    result["rounding"] = deviation(wanted, one["losses"])
    return result


def add(result: Result, one: State, many: State, noise: list[str]) -> None:
    """Add the deviations of several processes from one to a result."""
    for key, found in zip(("losses", "state", "noise"), apart(many, one, noise), strict=True):
        result[key].append(found)


def cells(name: str, backend: str, result: Result) -> list[str]:
    """Return the cells of a result."""
    sums = [result["sums"][kind] for kind in KINDS]
    return [
        name,
        backend,
        *(numbers(result[key]) for key in ("losses", "state", "noise")),
        "equal" if result["same"] else "**differ**",
        " + ".join(f"{count / STEPS:g}" for count, _ in sums),
        f"{sum(size for _, size in sums) / STEPS / 1e6:.2f}",
        numbers(result["float32"]),
        numbers([result["rounding"]]),
    ]


def numbers(found: list[float | None]) -> str:
    """Return deviations, in the order of the numbers of processes."""
    return ", ".join("–" if each is None else f"{each:.1e}" for each in found)


def main() -> None:
    """Measure what is not measured yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipes", default=",".join(NAMES))
    parser.add_argument("--backends", default=",".join(BACKENDS))
    chosen = parser.parse_args()
    results = Results(chosen.folder / "results.json")
    for name, backend in itertools.product(chosen.recipes.split(","), chosen.backends.split(",")):
        if not results.get(name, backend):
            results.keep(name, backend, measure(name, backend))
            print(*cells(name, backend, results.get(name, backend)), sep=" | ", flush=True)
    pairs = itertools.product(NAMES, BACKENDS)
    rows = [cells(*pair, found) for pair in pairs if (found := results.get(*pair))]
    write_table(PAGE, "processes", COMMAND, [HEADS, *rows])


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        release()
        train(*sys.argv[2:5], Path(sys.argv[5]))
    else:
        main()
