"""The table recipe × backend × quality × time, and a picture of each recipe.

    python tests/benchmarks/recipes.py train FOLDER [--recipes A,B] [--backends torch,keras]
    python tests/benchmarks/recipes.py time FOLDER    # on a machine with nothing else to do
    python tests/benchmarks/recipes.py table FOLDER   # writes docs/recipes/table.md and pictures
    python tests/benchmarks/recipes.py newer FOLDER   # the table of the newer recipes on torch

Runs go to FOLDER/RECIPE-BACKEND and are continued where they stand. Quality does not depend on how
busy the machine is, so only `time` needs a quiet one. `newer` trains what is missing, keeps its
evaluations in the runs, and writes the second table of docs/recipes/table.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import short_training
from quality import rows

import gankit
from gankit.config.layering import config_of, from_recipe
from gankit.launch.resolved_plan import resolve
from gankit.recipes import recipes
from gankit.runs import RunFolder, evaluation_log
from gankit.training import fit
from gankit.visual import images

DOCS = Path(__file__).parents[2] / "docs"
STEPS = {
    "simple": 6400,
    "cgan": 4000,
    "digits": 10000,
    "dcgan": 1000,
    "dragan": 1200,
    "r3gan": 400,
    "infogan": 3752,
    "sgan": 1876,
    "wgan": 800,
    "wgan-gp": 800,
    "wgan-div": 800,
    "ccgan": 2000,
    "pix2pix": 938,
    "inpaint": 500,
    "super-resolution": 500,
    "colourise": 500,
    "bigan": 9380,
    "aae": 9380,
    "vae-gan": 3600,
    "cyclegan": 2400,
    "ebgan": 2000,
    "began": 2200,
    "projection-cbn": 1800,
    "sagan": 962,
    "r3gan-full": 449,
}
OTHERS = 600
"""Steps of a recipe that the table above does not name."""
LEFT_OUT = {"pictures", "sn-dcgan"}
"""What is made for colour, or for a GPU."""
NEWER = ["bgan", "wgan-div", "ccgan", "pix2pix", "inpaint", "super-resolution", "colourise"]
NEWER += ["bigan", "cyclegan", "aae", "vae-gan", "ebgan", "began"]
NEWER += ["sagan", "projection-cbn", "r3gan-full"]
"""What is newer than the first table; each trains for at most five minutes on two idle cores."""
SECOND = "The newer recipes on torch"
"""How the page's second table begins."""
OWN_DATA = {"ccgan": "turned-glyphs", "colourise": "colour-glyphs", "sagan": "colour-glyphs"}
"""Data sets of the recipes that are not trained on MNIST."""
SIDES = {"sagan": "32x32"}
"""Sizes of the recipes whose images are enlarged."""
EVALUATED = 2000
"""Images of an evaluation of a newer recipe."""
NAMES = [recipe.name for recipe in recipes() if recipe.name not in {*LEFT_OUT, *NEWER}]
METRICS = {"psnr": "PSNR, dB", "ssim": "SSIM", "frechet": "Fréchet distance"}
DIGITS = [("psnr", 1), ("ssim", 3), ("frechet", 1), ("real", 1)]
"""Keys of an evaluation, with their decimals."""
WARM, TIMED, REPEATS = 3, 4, 5


def train(folder: Path, names: Iterable[str], backends: Iterable[str]) -> None:
    """Train each recipe on each backend in a separate process."""
    for name in names:
        for backend in backends:
            out = folder / f"{name}-{backend}"
            words = ["train", "--recipe", name, "--backend", backend]
            words += ["--dataset", OWN_DATA.get(name, "mnist")]
            words += ["--steps", str(STEPS.get(name, OTHERS)), "--out", str(out)]
            words += ["--size", SIDES[name]] if name in SIDES else []
            words += ["--resume", "auto"] if out.exists() else []
            words += ["--no-progress", "--set", "sample_every=100"]
            subprocess.run([sys.executable, "-m", "gankit", *words], check=True)


def measure(name: str, backend: str) -> float:
    """Return the median milliseconds of a step, after a warm-up."""
    plan = resolve(config_of([from_recipe(name), ("here", {"backend": backend})]))
    trainer, step_shape, done = plan.backend.trainer(plan.problem), plan.config.step_shape(), 0
    times = []
    for size in (WARM, *[TIMED] * REPEATS):
        began = time.perf_counter()
        fit(
            trainer,
            plan.problem,
            step_shape,
            plan.data.images,
            plan.labels,
            plan.data.sources,
            steps=done + size,
            start=done,
        )
        times.append((time.perf_counter() - began) / size * 1000)
        done += size
    return statistics.median(times[1:])


def measure_all(folder: Path, names: Iterable[str], backends: Iterable[str]) -> None:
    """Measure each recipe on each backend in a separate process; save the results."""
    kept = folder / "times.json"
    found = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    for name in names:
        for backend in backends:
            words = [sys.executable, __file__, "measure", str(folder)]
            words += ["--recipes", name, "--backends", backend]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            found[f"{name}-{backend}"] = float(done.stdout.split()[-1])
            print(f"{name} on {backend}: {found[f'{name}-{backend}']:.1f} ms a step", flush=True)
            kept.write_text(json.dumps(found, indent=1), "utf-8")


def write_table(folder: Path, names: Iterable[str], backends: Iterable[str]) -> None:
    """Evaluate every run and write the page's table."""
    times = json.loads((folder / "times.json").read_text("utf-8"))
    runs = [folder / f"{name}-{backend}" for name in names for backend in backends]
    there = [run for run in runs if (run / "config.toml").exists()]
    table = list(rows(there, heads=("ms a step", "minutes"), more=lambda r: spent(r, times)))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {datetime.now(UTC).date()}"
    told = f"Measured on MNIST ({machine}) by `python tests/benchmarks/recipes.py`; batch as in\n"
    told += "the recipe. Times are those of a quiet machine: median milliseconds of a step, and\n"
    told += "what the steps of the row take at that speed.\n"
    page = DOCS / "recipes" / "table.md"
    _, mark, later = page.read_text("utf-8").partition(SECOND)
    page.write_text("\n".join([*table, "", told, mark + later]), "utf-8")


def newer(folder: Path, names: Iterable[str]) -> None:
    """Train and evaluate the newer recipes on torch, and write their table."""
    table = [["recipe", "data", "steps", *map(str, METRICS.values()), "of real images"]]
    for name in names:
        train(folder, [name], ["torch"])
        out = folder / f"{name}-torch"
        steps = RunFolder(out).checkpoints.steps()[-1]
        found = evaluated(out, steps)
        found["real"] = (found.get("baseline") or {}).get("frechet")
        figures = ["–" if (x := found.get(key)) is None else f"{x:.{n}f}" for key, n in DIGITS]
        table.append([name, OWN_DATA.get(name, "mnist"), f"{steps:,}", *figures])
    command = "python tests/benchmarks/recipes.py newer FOLDER"
    short_training.write_table(DOCS / "recipes" / "table.md", "newer", command, table)


def evaluated(out: Path, steps: int) -> dict[str, Any]:
    """Return the evaluation of a run's last checkpoint, from its log if it has one."""
    for _ in range(2):
        log = evaluation_log.read(RunFolder(out).evaluations)
        for row in log:
            if row["step"] == steps and row["samples"] == EVALUATED:
                return row
        words = ["evaluate", str(out), "-n", str(EVALUATED), "--no-progress"]
        subprocess.run([sys.executable, "-m", "gankit", *words], check=True)
    raise RuntimeError(f"{out}: the log has no evaluation of step {steps}")


def spent(run: Path, times: dict[str, float]) -> tuple[str, str]:
    """Return milliseconds per step, and minutes per run."""
    if run.name not in times:
        return ("–", "–")
    steps = RunFolder(run).checkpoints.steps()[-1]
    return (f"{times[run.name]:.0f}", f"{times[run.name] * steps / 60_000:.1f}")


def draw(folder: Path, names: Iterable[str], backend: str) -> None:
    """Draw each recipe's picture: a grid at double size, one class per row if there are classes."""
    for name in names:
        if not (run := folder / f"{name}-{backend}").exists():
            continue
        opened = gankit.load(run)
        classes = opened.problem.classes
        labels = opened.each_class(10) if classes else None
        made = opened.sample(10 * (classes or 5), seed=1, labels=labels)
        grid = images.grid(made, columns=10)
        target = DOCS / "images" / "recipes" / f"{name}.png"
        images.write_png(target, np.kron(grid, np.ones((2, 2), np.uint8)))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["train", "time", "measure", "table", "newer", "draw"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipes", help="what is taken  [all of the table]")
    parser.add_argument("--backends", default="torch,keras")
    chosen = parser.parse_args()
    names = NEWER if chosen.what == "newer" else NAMES
    names, backends = (chosen.recipes or ",".join(names)).split(","), chosen.backends.split(",")
    match chosen.what:
        case "train":
            train(chosen.folder, names, backends)
        case "time":
            measure_all(chosen.folder, names, backends)
        case "measure":
            print(measure(names[0], backends[0]))
        case "newer":
            newer(chosen.folder, names)
        case "table":
            write_table(chosen.folder, names, backends)
            draw(chosen.folder, names, backends[0])
        case "draw":
            draw(chosen.folder, names, backends[0])


if __name__ == "__main__":
    main()
