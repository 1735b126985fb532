"""The table of all recipes, each trained for the same time on one backend.

    python tests/benchmarks/equal_times.py FOLDER [--minutes 1] [--backend torch] [--recipes A,B]
    python tests/benchmarks/equal_times.py FOLDER --only-time    # on an idle machine

Each recipe is timed, trained for as many steps as take the minutes at that speed, and evaluated. So
only the times need an idle machine: measure them first, best several times, for the smallest time
is kept. The same command continues where it stopped. At last it writes the first table of
docs/recipes/table.md, and steps and distance in the recipes' pages.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import short_training
from recipes import LEFT_OUT, OWN_DATA, SIDES, STEPS, evaluated, figures, train

from gankit.config.layering import config_of
from gankit.data import parse_size
from gankit.launch.layered_sources import layered_sources
from gankit.launch.resolved_plan import resolve
from gankit.recipes import recipes
from gankit.training import fit

PAGES = Path(__file__).parents[2] / "docs" / "recipes"
NAMES = [recipe.name for recipe in recipes() if recipe.name not in LEFT_OUT]
DECIMALS = {"frechet": 1, "precision": 3, "recall": 3, "coverage": 3, "psnr": 1, "ssim": 3}
"""The figures of an evaluation, with their decimals."""
HEAD = ["recipe", "data", "ms a step", "steps", "Fréchet distance"]
HEAD += ["precision", "recall", "coverage", "PSNR, dB", "SSIM"]
SHORT, LONG, REPEATS = 3, 15, 3
"""Steps of the two calls that are timed, and how often."""


def measure(name: str, backend: str) -> float:
    """Return the median milliseconds of a step: what a longer call of `fit` takes beyond a short.

    A call begins with work of its own, such as a copy of the images.
    """
    settings: dict[str, object] = {"backend": backend, "dataset": OWN_DATA.get(name, "mnist")}
    if name in SIDES:
        settings["images"] = {"size": list(parse_size(SIDES[name]))}
    plan = resolve(config_of(layered_sources(name, [("here", settings)])))
    trainer, shape, done = plan.backend.trainer(plan.problem), plan.config.step_shape(), 0
    data = (plan.data.images, plan.labels, plan.data.sources)
    seconds: dict[int, list[float]] = {SHORT: [], LONG: []}
    for size in (SHORT, *(SHORT, LONG) * REPEATS):
        began = time.perf_counter()
        fit(trainer, plan.problem, shape, *data, steps=done + size, start=done)
        seconds[size].append(time.perf_counter() - began)
        done += size
    short, long = statistics.median(seconds[SHORT][1:]), statistics.median(seconds[LONG])
    return (long - short) / (LONG - SHORT) * 1000


def time_all(folder: Path, names: Iterable[str], backend: str, *, again: bool) -> dict[str, float]:
    """Time each recipe in a separate process; keep the smallest times in FOLDER/times.json."""
    kept = short_training.Results(folder / "times.json")
    for name in names:
        before = kept.get(name, backend)
        if again or before is None:
            words = [sys.executable, __file__, str(folder), "--recipes", name]
            words += ["--backend", backend, "--measure"]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            now = float(done.stdout.split()[-1])
            kept.keep(name, backend, min(now, before or now))
            print(f"{name} on {backend}: {now:.1f} ms a step", flush=True)
    return {name: kept.get(name, backend) for name in names}


def table(
    folder: Path, times: Mapping[str, float], backend: str, minutes: float
) -> list[list[str]]:
    """Train and evaluate what is missing; return the rows, the first of real images."""
    rows, real = [], {}
    for name, milliseconds in times.items():
        steps = round(minutes * 60_000 / milliseconds)
        data = OWN_DATA.get(name, "mnist")
        found = evaluated(train(folder, name, backend, steps), steps)
        real[data] = found.get("baseline") or real.get(data, {})
        rows.append(
            [f"`{name}`", data, f"{milliseconds:.0f}", f"{steps:,}", *figures(found, DECIMALS)]
        )
    bases = [
        [f"real {data} images", data, "–", "–", *figures(real[data], DECIMALS)] for data in real
    ]
    return [HEAD, *bases, *rows]


def write_pages(rows: Sequence[Sequence[str]]) -> None:
    """Write steps and distance into the pages of recipes that the second table does not have."""
    newer = {f"`{name}`" for name in STEPS}
    lines = {row[0]: f"| {row[0]} | {row[3]} | {row[4]} |" for row in rows if row[0] not in newer}
    for page in PAGES.glob("*.md"):
        text = page.read_text("utf-8")
        row = re.compile(r"^\| (`[\w-]+`) \| [\d,–]+ \| [\d.–]+ \|$", re.MULTILINE)
        page.write_text(row.sub(lambda found: lines.get(found[1], found[0]), text), "utf-8")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--recipes", help="what is taken  [all]")
    parser.add_argument("--only-time", action="store_true", help="time, and stop")
    parser.add_argument("--measure", action="store_true", help="print one recipe's time")
    chosen = parser.parse_args()
    names = chosen.recipes.split(",") if chosen.recipes else NAMES
    if chosen.measure:
        print(measure(names[0], chosen.backend))
        return
    times = time_all(chosen.folder, names, chosen.backend, again=chosen.only_time)
    if chosen.only_time:
        return
    rows = table(chosen.folder, times, chosen.backend, chosen.minutes)
    command = f"python tests/benchmarks/equal_times.py FOLDER --minutes {chosen.minutes:g}"
    short_training.write_table(PAGES / "table.md", "equal", command, rows)
    write_pages(rows)


if __name__ == "__main__":
    main()
