"""Time the generators of the recipes in Chromium: the table of docs/exploring.md.

    python tests/benchmarks/explorer.py [RECIPE ...]

Prints a line for each recipe, or writes the table into the page if no recipe is named. Weights are
drawn so that biases, embeddings and batch normalisation all matter: with a recipe's initial weights
many images are too faint for a comparison.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from gankit.contract.sample_noise import sample_noise
from gankit.recipes import recipes
from gankit.report import explorer
from gankit.report.explorer import MOST_WEIGHT_BYTES, weight_bytes

sys.path.insert(0, str(Path(__file__).parents[2]))  # As a script, this is not in a package.

from tests.benchmarks.short_training import write_table
from tests.browser.chromium import Chromium
from tests.explorer_runs import (
    any_directions,
    any_sources,
    largest_difference,
    page_of,
    run_of_recipe,
)

PAGE = Path(__file__).parents[2] / "docs" / "exploring.md"
COMMAND = "python tests/benchmarks/explorer.py"
IMAGES = 15
TIMED = """
const sources = payload.source ? gankitExplorer.sourceImages(payload.source) : [];
return arguments[0].map((z, i) => {
  const began = performance.now();
  gankitExplorer.generate(payload, z, arguments[1][i], sources[i % sources.length]);
  return performance.now() - began;
});
"""


def main(names: list[str]) -> None:
    """Print the lines of recipes, or write them all into the page."""
    explorer.page_sources, explorer.principal_directions = any_sources, any_directions
    rows, browser = [], Chromium()
    try:
        for name in names or [recipe.name for recipe in recipes()]:
            rows.append(measured(browser, name))
            print(*rows[-1], flush=True)
    finally:
        browser.close()
    if not names:
        head = ["recipe", "weights in the page", "one image", "differs from Python's by at most"]
        write_table(PAGE, "explorer", COMMAND, [head, *rows])


def measured(browser: Chromium, name: str) -> list[str]:
    """Return the cells of a recipe."""
    run = run_of_recipe(name)
    payload = explorer.payload(run, most=10**9)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        path.write_text(page_of(payload), "utf-8")
        browser.open(path)
        noise = sample_noise(run.problem, IMAGES, 5)
        taken = run.problem.labels_in_turn(IMAGES)
        labels = np.zeros(IMAGES, np.int64) if taken is None else np.asarray(taken)
        times = browser.run(TIMED, noise.tolist(), labels.tolist())
        difference = largest_difference(browser, run, 4)
    size = weight_bytes(run.problem, "generator")
    refused = ": refused" if size > MOST_WEIGHT_BYTES else ""
    return [
        f"`{name}`",
        f"{size / 1e6:.1f} MB{refused}",
        f"{np.median(times):.1f} ms",
        f"{difference:.0e}",
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
