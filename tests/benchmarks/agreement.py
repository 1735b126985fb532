"""How well the categories of InfoGAN agree with the classes of MNIST, for several seeds.

    python tests/benchmarks/agreement.py FOLDER [--seeds 0,1,2,3,4] [--steps N] [--train-only]

Twice, each category is matched with one class, so that as many images as possible agree (the
Hungarian method): for generated images, whose category is known, with the class that the classifier
of `gankit evaluate` sees; and for the 10,000 test images, with the category that the head of the
discriminator reads. Labels are used for nothing else.

Runs go to FOLDER/seed-N and are continued where they stand. The table goes to
docs/recipes/agreement.md; the first run draws a picture of docs/recipes/infogan.md: a row for each
category, along which a code varies.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

import gankit
from gankit.evaluation import Classifier, classifier_of
from gankit.plugins import get_dataset
from gankit.runs import RunFolder, time_log
from gankit.visual import images

DOCS = Path(__file__).parents[2] / "docs"
TABLE = DOCS / "recipes" / "agreement.md"
STEPS = 3752
CODE, HEAD = "digit", "digit"
VARIED = "slant"
VALUES = np.linspace(-2, 2, 9)
BATCH = 1000


def train(folder: Path, seeds: Sequence[int], steps: int) -> None:
    """Train the recipe with each seed, in a process of one thread."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    for seed in seeds:
        out = folder / f"seed-{seed}"
        words = ["train", "infogan", "--backend", "torch", "--dataset", "mnist", "--out", str(out)]
        words += ["--seed", str(seed), "--steps", str(steps), "--no-progress"]
        words += ["--resume", "auto"] if out.exists() else []
        command = [sys.executable, "-m", "gankit", *words]
        subprocess.run(command, check=True, env=os.environ | one)


def counts(
    run: gankit.Run, pictures: NDArray[np.uint8], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return `(categories, classes)`: the test images that the head puts into each category."""
    size = next(code.size for code in run.problem.codes if code.name == CODE)
    found = np.zeros((size, int(labels.max()) + 1), np.int64)
    for start in range(0, len(pictures), BATCH):
        rows = slice(start, start + BATCH)
        logits = run.trainer.discriminator.classify(run.problem.scale(pictures[rows]), HEAD)
        np.add.at(found, (logits.argmax(axis=1), labels[rows]), 1)
    return found


def generated(run: gankit.Run, classifier: Classifier) -> NDArray[np.int64]:
    """Return `(categories, classes)`: what the classifier sees in images of each category."""
    size = next(code.size for code in run.problem.codes if code.name == CODE)
    found = np.zeros((size, len(classifier.probabilities(run.sample(1))[0])), np.int64)
    for category in range(size):
        made = run.sample(BATCH, seed=category, codes={CODE: category})
        np.add.at(found[category], classifier.probabilities(made).argmax(axis=1), 1)
    return found


def agreement(found: NDArray[np.int64]) -> tuple[float, list[int]]:
    """Return the share of images that agree after the best matching, and each category's class."""
    categories, classes = linear_sum_assignment(-found)
    return float(found[categories, classes].sum() / found.sum()), classes.tolist()


def rows(folder: Path, seeds: Sequence[int]) -> Iterator[str]:
    """Yield a Markdown table, a line for each seed."""
    mnist = get_dataset("mnist")
    assert mnist.test is not None
    test, classifier = mnist.test(None), classifier_of(mnist.load(None))
    assert test.labels is not None
    yield "| seed | steps | minutes | generated images | test images | classes of 0 to 9 |"
    yield "| --- | ---: | ---: | ---: | ---: | --- |"
    for seed in seeds:
        run = gankit.load(folder / f"seed-{seed}")
        own, classes = agreement(generated(run, classifier))
        read, _ = agreement(counts(run, test.images, test.labels))
        times = time_log.read_valid(RunFolder(run.folder).times)
        minutes = f"{times[-1][1] / 60:.1f}" if len(times) else "–"
        names = ", ".join(map(str, classes))
        shares = f"{100 * own:.1f} % | {100 * read:.1f} %"
        yield f"| {seed} | {run.step:,} | {minutes} | {shares} | {names} |"


def draw(run: gankit.Run) -> None:
    """Draw the picture: categories in rows, at double size."""
    size = next(code.size for code in run.problem.codes if code.name == CODE)
    made = [run.sweep(VARIED, VALUES, seed=1, codes={CODE: row})[0] for row in range(size)]
    pixels = images.grid(np.concatenate(made), columns=len(VALUES))
    target = DOCS / "images" / f"infogan-{VARIED}.png"
    images.write_png(target, np.kron(pixels, np.ones((2, 2), np.uint8)))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--train-only", action="store_true")
    chosen = parser.parse_args()
    seeds = [int(seed) for seed in chosen.seeds.split(",")]
    train(chosen.folder, seeds, chosen.steps)
    if chosen.train_only:
        return
    machine = f"one thread, {platform.machine()}, {datetime.now(UTC).date()}"
    told = f"10,000 generated images and the 10,000 test images of MNIST ({machine}), by\n"
    told += "`python tests/benchmarks/agreement.py FOLDER`; minutes of training, beside other work."
    text = "\n".join([*rows(chosen.folder, seeds), "", told, ""])
    print(text)
    TABLE.write_text(text, "utf-8")
    draw(gankit.load(chosen.folder / f"seed-{seeds[0]}"))


if __name__ == "__main__":
    main()
