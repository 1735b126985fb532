"""Recipes trained on colour pictures of 64x64: steps a second, and a grid of what they make."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable

from timed_parts import Row, Rows, measure

from gankit import plugins
from gankit.api import train
from gankit.visual import images
from gpu_parts.here import Here

RECIPES = ("dcgan", "r3gan")
DATA, SIZE = "colour-glyphs", [64, 64]
RESERVE = 0.1
"""The share of a recipe's time for what is not training: the first step, the grid."""


def measure_part(rows: Rows, here: Here) -> None:
    """Add a row for each recipe; they share the time."""
    if not here.quick:
        plugins.get_dataset(DATA).load(None)  # Draws them, if no cache has them.
    units: dict[str, Callable[[], Row]] = {
        name: lambda name=name: trained(here, name, rows) for name in RECIPES
    }
    measure(rows, units, here.end)


def trained(here: Here, recipe: str, rows: Rows) -> Row:
    """Train a recipe for its share of the time, and write the grid."""
    left = (here.end - time.monotonic()) / (len(RECIPES) - len(rows.found))
    limit = {"steps": 2, "batch": 4} if here.quick else {"minutes": left * (1 - RESERVE) / 60}
    out = here.folder / "runs" / recipe
    shutil.rmtree(out, ignore_errors=True)  # Of a run that time ended before its row.
    run = train(
        recipe,
        dataset=DATA,
        images={"size": SIZE},
        backend="torch",
        device=here.device,
        out=out,
        progress=False,
        **limit,
    )
    last = json.loads((out / "times.jsonl").read_text("utf-8").splitlines()[-1])
    grid = here.folder / f"{recipe}.png"
    images.write_png(grid, images.grid(run.sample(64, seed=0)))
    return {
        "steps": run.step,
        "seconds": last["seconds"],
        "steps a second": run.step / last["seconds"],
        "batch": run.config.batch if run.config else None,
        "grid": grid.name,
    }
