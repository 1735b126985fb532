"""How the cost of a step grows: with the batch, the networks, the images, the data, the blocks.

    python tests/benchmarks/scaling.py [--backend torch] [--out scaling.png] [AXIS...]

Prints a table, and draws it. Each value of an axis is trained in a separate process, and is the
median of several turns; the exponent is the slope of log(milliseconds) over log(value), by least
squares over all values of the axis, and over the upper half of them. For data it is the memory
that should not grow: that of the process at its most, beyond what it was before it had any. Pages
of the mapped file are not its own, and are not counted: the system takes them back as it likes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

AXES = {
    "batch": (32, 64, 128, 256, 512, 1024),
    "width": (1, 2, 4, 8),
    "side": (28, 40, 56, 80, 112, 128),
    "data": (1_000, 10_000, 100_000, 1_000_000),
    "block": (1, 2, 4, 8, 16, 32, 64),
}
UNITS = {
    "batch": "images a batch",
    "width": "times the seed's width",
    "side": "pixels a side",
    "data": "images on disk",
    "block": "steps a block",
}
MARKS = (10, 30, 100, 300, 1000)
"""Milliseconds at the marks of the picture."""
SECONDS = 6.0
"""How long a value is measured, at the least three turns."""


@dataclass(frozen=True)
class Point:
    """One value of an axis: milliseconds a step, and megabytes at the most."""

    value: int
    milliseconds: float
    megabytes: float


def problem_of(axis: str, value: int) -> tuple[Any, Any]:
    """Return the problem and the step_shape of one point: the seed's, but for that axis."""
    from loops.problems import problem_of, resized

    problem, step_shape = problem_of("simple", **{"batch": value} if axis == "batch" else {})
    shape = (value, value, 1) if axis == "side" else problem.image_shape
    width = value if axis == "width" else 1
    return resized(problem, shape, lambda units: units * width), step_shape


def measured(backend: str, axis: str, value: int, folder: Path) -> Point:
    """Train at one point; return what it cost."""
    from gankit import plugins
    from gankit.training import plan

    problem, step_shape = problem_of(axis, value)
    trainer = plugins.get_backend(backend).trainer(problem)
    before = peak = own()
    images = data(axis, value, problem.image_shape, folder)
    trainer.place(images, None)
    steps, done, spent = value if axis == "block" else 8, 0, []
    began = time.perf_counter()
    while len(spent) < 4 or time.perf_counter() < began + SECONDS:
        block = plan(problem, step_shape, len(images), done, steps)
        start = time.perf_counter()
        trainer.train_block(block)
        spent.append((time.perf_counter() - start) / steps * 1e3)
        done, peak = done + steps, max(peak, own())
    return Point(value, statistics.median(spent[1:]), peak - before)


def own() -> float:
    """Return the megabytes in memory that are this process's own, and of no file."""
    status = Path("/proc/self/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1]) * 1024 / 1e6


def data(axis: str, value: int, shape: tuple[int, ...], folder: Path) -> np.ndarray:
    """Return random images; those of the axis "data" in a file that is mapped."""
    random = np.random.default_rng(0)
    if axis != "data":
        return random.integers(0, 256, (2000, *shape), np.uint8)
    path = folder / f"{value}.npy"
    mapped = np.lib.format.open_memmap(path, "w+", np.uint8, (value, *shape))
    for start in range(0, value, 10_000):
        mapped[start : start + 10_000] = random.integers(
            0, 256, mapped[start : start + 10_000].shape, np.uint8
        )
    mapped.flush()
    del mapped
    return np.load(path, mmap_mode="r")


def exponent(points: list[Point]) -> float:
    """Return the slope of log(milliseconds) over log(value)."""
    values, spent = (
        np.log([getattr(point, name) for point in points]) for name in ("value", "milliseconds")
    )
    return float(np.polyfit(values, spent, 1)[0])


def table(axis: str, points: list[Point]) -> str:
    """Return an axis's lines."""
    upper = points[len(points) // 2 :] if len(points) > 3 else points
    lines = [f"{UNITS[axis]:>24}  {'ms a step':>10}  {'MB more':>8}"]
    lines += [f"{p.value:>24,}  {p.milliseconds:>10.2f}  {p.megabytes:>8.0f}" for p in points]
    lines.append(f"exponent {exponent(points):.2f}, of the upper half {exponent(upper):.2f}")
    return "\n".join(lines)


def draw(found: dict[str, list[Point]], path: Path, backend: str) -> None:
    """Write a picture: a panel for each axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2 * len(found), 3.2), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(found), sharey=True))
    for panel, (axis, points) in zip(panels, found.items(), strict=True):
        values = [p.value for p in points]
        panel.loglog(values, [p.milliseconds for p in points], "o-")
        panel.set(xlabel=UNITS[axis], title=f"exponent {exponent(points):.2f}")
        panel.set_xticks(values, [f"{value:,}" for value in values], rotation=45)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set(ylabel="ms a step", yticks=MARKS, yticklabels=MARKS)
    figure.suptitle(f"a step of the seed's networks, {backend}")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure all points, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("axes", nargs="*", metavar="AXIS", help=", ".join(AXES))
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--out", type=Path, default=Path("scaling.png"))
    parser.add_argument("--point", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.point:
        axis, value, folder = chosen.point
        print(json.dumps(vars(measured(chosen.backend, axis, int(value), Path(folder)))))
        return
    if unknown := set(chosen.axes) - AXES.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(AXES)}")
    found: dict[str, list[Point]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for axis in chosen.axes or AXES:
            found[axis] = [apart(chosen.backend, axis, value, folder) for value in AXES[axis]]
            print(table(axis, found[axis]), flush=True)
    draw(found, chosen.out, chosen.backend)
    print(chosen.out)


def apart(backend: str, axis: str, value: int, folder: str) -> Point:
    """Measure a point in a separate process."""
    command = [sys.executable, __file__, "--backend", backend, "--point", axis, str(value), folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Point(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
