"""The controls of docs/evaluating.md: metrics of test digits that are damaged on purpose.

    python -m tests.benchmarks.features [RUN or IMAGES.npy ...]

Prints two Markdown tables, of Fréchet distances and of the other figures. A RUN's newest
checkpoint adds a row; so do images in a file, (n, 28, 28, 1) uint8. MNIST is found as
`gankit train` finds it. Run it from the root of the repository; it takes some ten minutes of
processor time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gankit
from gankit import plugins
from gankit.data import ImageSet
from gankit.evaluation import (
    Evaluation,
    Evaluator,
    choose,
    classifier_of,
    frechet_distance,
    moments,
    principal_components,
)
from gankit.evaluation.features.mlp import FEATURES
from gankit.evaluation.image_arrays import Levels
from gankit.launch.evaluation.generate import generate_images
from gankit.launch.evaluation.progress import tell_of_training
from gankit.visual.images import to_uint8
from tests.evaluation.damaged_images import blurred, moved, specks

Row = tuple[str, Levels]

FIGURES = (
    "kernel distance",
    "precision",
    "recall",
    "density",
    "coverage",
    "score",
    "divergence",
    "seen",
    "nearest",
)


def controls(train: ImageSet, test: ImageSet) -> Iterator[Row]:
    """Yield damaged images by kind of damage, the lightest of each kind first."""
    images, labels = test.images, test.labels
    assert labels is not None
    yield "real test images", images
    for name, each in (("1 image of four", 0.25), ("1 image of two", 0.5)):
        yield f"a speck in {name}", specks(images, each)
    for each in (1, 2, 4):
        yield f"specks in each image: {each}", specks(images, each)
    for part in (0.05, 0.1, 0.2, 0.33):
        yield f"blur: {100 * part:.0f} % to each neighbour", blurred(images, part)
    for pixels in (1, 2):
        yield f"a shift by pixels: {pixels}", moved(images, pixels)
    yield "no sevens", images[labels != 7]
    yield "five classes missing", images[labels < 5]
    yield "one class with 19 %, nine with 9 %", shared(images, labels, [720] + [341] * 9)
    yield "one class with 55 %, nine with 5 %", shared(images, labels, [980] + [89] * 9)
    yield "other training images, copied", choose(train.images, "", seed=9).images
    few = choose(train.images, "", 100, seed=9).images
    yield "copies of 100 training images", np.repeat(few, 100, axis=0)
    yield "1 image of 100 is noise", noisy(images, 100)


def shared(images: Levels, labels: NDArray[np.int64], counts: list[int]) -> Levels:
    """Return so many images of each class."""
    chosen = [np.flatnonzero(labels == one)[:count] for one, count in enumerate(counts)]
    return images[np.concatenate(chosen)]


def noisy(images: Levels, each: int) -> Levels:
    """Return images in which every n-th one is noise."""
    random, made = np.random.default_rng(4), images.copy()
    made[::each] = random.integers(0, 256, made[::each].shape, np.uint8)
    return made


def given(path: Path, labels: NDArray[np.int64]) -> Row:
    """Return a run's samples, or the images of a file."""
    if path.suffix == ".npy":
        return path.stem, to_uint8(np.load(path))
    run = gankit.load(path)
    return f"{path.name}, {run.step:,} steps", generate_images(run, data=labels)


def line(*cells: str) -> None:
    """Print a row of a Markdown table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def distances(reference: Levels, features: Callable[[Levels], Any]) -> Callable[[Levels], str]:
    """Return a function from images to Fréchet distances: by all features, and by the first 64."""
    known = features(reference)

    def find(images: Levels) -> str:
        found = features(images)
        pairs = ((found, known), (found[:, :FEATURES], known[:, :FEATURES]))
        return " | ".join(f"{frechet_distance(moments(a), moments(b)):.2f}" for a, b in pairs)

    return find


def cells(found: Evaluation) -> Iterator[str]:
    """Yield every figure but the Fréchet distance, as `FIGURES` names them."""
    yield f"{found.kernel:.2f} ± {found.kernel_deviation:.1f}"
    for figure in ("precision", "recall", "density", "coverage"):
        yield f"{getattr(found, figure):.3f}"
    yield f"{found.score:.2f}"
    yield f"{found.histogram_divergence:.3f}"
    yield f"{found.classes_seen}"
    yield f"{found.nearest:.3f}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("more", nargs="*", type=Path, metavar="RUN or IMAGES.npy")
    chosen = parser.parse_args()
    mnist = plugins.get_dataset("mnist")
    assert mnist.test is not None
    train, test = mnist.load(None), mnist.test(None)
    assert train.labels is not None
    watch = tell_of_training(lambda said: print(said, file=sys.stderr))
    features = classifier_of(
        train, progress=lambda step, steps, _: watch("training the classifier", step / steps)
    )
    reference = choose(train.images, "training images of mnist")
    rows = [*controls(train, test), *(given(path, train.labels) for path in chosen.more)]
    kinds = [
        distances(reference.images, some)
        for some in (features, principal_components(reference.images))
    ]
    line("", "with labels", "classifier alone", "without labels", "components alone")
    line("---", *["---:"] * 4)
    for name, images in rows:
        line(name, *(find(images) for find in kinds))
    print()
    evaluator = Evaluator(reference, features, training=train.images)
    line("", *FIGURES)
    line("---", *["---:"] * len(FIGURES))
    for name, images in rows:
        # In a random order, for the nearest are searched for the first 1,000.
        line(name, *cells(evaluator(np.random.default_rng(0).permutation(images))))
    began = time.process_time()
    features(test.images)
    spent = time.process_time() - began
    print(f"\nfeatures of {len(test):,} images: {spent:.1f} s of processor time")


if __name__ == "__main__":
    main()
