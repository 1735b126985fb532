"""Compare the backends with the NumPy reference, for every recipe: the table of a page.

    python tests/benchmarks/backends.py FOLDER [--recipes A,B] [--backends torch,keras]

Trains each recipe for some steps in float64, in a separate process for each backend, and writes the
table into docs/design/agreement.md. FOLDER has the results; what it has is not measured again,
unless the recipe has changed, so the same command continues where it was stopped. No result depends
on how busy the machine is.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
from short_training import (
    NAMES,
    State,
    apart,
    key_of,
    plan_of,
    trained,
    without_gradient,
    write_table,
)

PAGE = Path(__file__).parents[2] / "docs" / "design" / "agreement.md"
REFERENCE = "numpy"
BACKENDS = ("torch", "keras", "jax", "autograd")
STEPS = 10
CHILD = "--child"
COMMAND = "python tests/benchmarks/backends.py FOLDER"


def train(name: str, backend: str, out: Path) -> None:
    """Train, and write the arrays into a file; "noise" has the names of `without_gradient`."""
    plan = plan_of(name, backend, "float64")
    arrays = {**trained(plan, STEPS), "noise": np.array(sorted(without_gradient(plan.problem)))}
    np.savez(part := out.with_suffix(".part.npz"), **arrays)
    part.replace(out)


def arrays_of(name: str, backend: str, folder: Path) -> State:
    """Return the arrays of a trained recipe; train it if the folder lacks them."""
    file = folder / f"{key_of(name, backend)}.npz"
    if not file.exists():
        words = [sys.executable, __file__, CHILD, name, backend, str(file)]
        subprocess.run(words, check=True)
    return dict(np.load(file))


def complete(name: str, folder: Path) -> bool:
    """Return whether the folder has a recipe on every backend."""
    files = (folder / f"{key_of(name, each)}.npz" for each in (REFERENCE, *BACKENDS))
    return all(file.exists() for file in files)


def cell(name: str, backend: str, folder: Path) -> str:
    """Return the deviations of a backend from the reference."""
    wanted, found = (dict(arrays_of(name, each, folder)) for each in (REFERENCE, backend))
    noise = wanted.pop("noise").tolist()
    return ", ".join("–" if x is None else f"{x:.0e}" for x in apart(found, wanted, noise))


def main() -> None:
    """Measure what is not measured yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipes", default=",".join(NAMES), help="what is trained now")
    parser.add_argument("--backends", default=",".join(BACKENDS))
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name, backend in itertools.product(chosen.recipes.split(","), chosen.backends.split(",")):
        print(name, backend, cell(name, backend, chosen.folder), sep=" | ", flush=True)
    there = [name for name in NAMES if complete(name, chosen.folder)]
    rows = [[name, *(cell(name, backend, chosen.folder) for backend in BACKENDS)] for name in there]
    write_table(PAGE, "backends", COMMAND, [["recipe", *BACKENDS], *rows])


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        train(*sys.argv[2:4], Path(sys.argv[4]))
    else:
        main()
