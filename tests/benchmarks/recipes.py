"""The table of the newer recipes on torch, each trained for at most five minutes on two idle cores.

    python tests/benchmarks/recipes.py FOLDER [--recipes A,B]

Runs go to FOLDER/RECIPE-torch and are continued where they stand, and keep their evaluations. It
writes the second table of docs/recipes/table.md. `equal_times.py` writes the first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import short_training

from gankit.runs import RunFolder, evaluation_log

PAGE = Path(__file__).parents[2] / "docs" / "recipes" / "table.md"
STEPS = {
    "bgan": 600,
    "wgan-div": 800,
    "ccgan": 2000,
    "pix2pix": 938,
    "inpaint": 500,
    "super-resolution": 500,
    "colourise": 500,
    "bigan": 9380,
    "cyclegan": 2400,
    "aae": 9380,
    "vae-gan": 3600,
    "ebgan": 2000,
    "began": 2200,
    "sagan": 962,
    "projection-cbn": 1800,
    "r3gan-full": 449,
}
LEFT_OUT = {"pictures", "sn-dcgan"}
"""What is made for colour, or for a GPU."""
OWN_DATA = {"ccgan": "turned-glyphs", "colourise": "colour-glyphs", "sagan": "colour-glyphs"}
"""Data sets of the recipes that are not trained on MNIST."""
SIDES = {"sagan": "32x32"}
"""Sizes of the recipes whose images are enlarged."""
EVALUATED = 2000
"""Images of an evaluation of a newer recipe."""
METRICS = {"psnr": "PSNR, dB", "ssim": "SSIM", "frechet": "Fréchet distance"}
DIGITS = {"psnr": 1, "ssim": 3, "frechet": 1, "real": 1}
"""Keys of an evaluation, with their decimals."""


def train(folder: Path, name: str, backend: str, steps: int) -> Path:
    """Train a recipe in a separate process, or continue; return its folder."""
    out = folder / f"{name}-{backend}"
    words = ["train", "--recipe", name, "--backend", backend]
    words += ["--dataset", OWN_DATA.get(name, "mnist"), "--steps", str(steps), "--out", str(out)]
    words += ["--size", SIDES[name]] if name in SIDES else []
    words += ["--resume", "auto"] if out.exists() else []
    words += ["--no-progress", "--set", "sample_every=100"]
    subprocess.run([sys.executable, "-m", "gankit", *words], check=True)
    return out


def newer(folder: Path, names: Iterable[str]) -> None:
    """Train and evaluate recipes on torch, and write their table."""
    table = [["recipe", "data", "steps", *map(str, METRICS.values()), "of real images"]]
    for name in names:
        found = evaluated(train(folder, name, "torch", STEPS[name]), STEPS[name])
        found["real"] = (found.get("baseline") or {}).get("frechet")
        row = [name, OWN_DATA.get(name, "mnist"), f"{STEPS[name]:,}"]
        table.append([*row, *figures(found, DIGITS)])
    command = "python tests/benchmarks/recipes.py FOLDER"
    short_training.write_table(PAGE, "newer", command, table)


def figures(found: Mapping[str, float], decimals: Mapping[str, int]) -> list[str]:
    """Return the cells of an evaluation: its values by key, with so many decimals."""
    return ["–" if (x := found.get(key)) is None else f"{x:.{n}f}" for key, n in decimals.items()]


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


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipes", default=",".join(STEPS), help="what is taken  [all]")
    chosen = parser.parse_args()
    newer(chosen.folder, chosen.recipes.split(","))


if __name__ == "__main__":
    main()
