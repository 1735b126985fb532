"""How many images keep their class when a run translates them: there, back and around.

    python tests/benchmarks/kept_classes.py RUN [-n 10000]

RUN is one of the recipe `cyclegan`, of two data sets with labels of the same classes. The first
test images of each are translated. The class of an image is what the classifier of `gankit
evaluate` says, trained on the data set whose images it is to look like. Classifiers stay in
gankit's cache, so the command continues where it was stopped. Rows without translation say what the
classifiers name right of true images, and of those of the other data set. The Fréchet distance is
from 10,000 training images of the data set that the images are to look like.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from short_training import line

import gankit
from gankit.evaluation import Evaluator, choose, classifier_of
from gankit.plugins import get_dataset
from gankit.visual.images import to_uint8

BACK = "to_source"
HEADS = ("images", "to look like", "class kept", "Fréchet distance")


def evaluator(name: str) -> Evaluator:
    """Return what compares images with a data set."""
    data = get_dataset(name).load(None)
    return Evaluator(choose(data.images, name), classifier_of(data))


def cells(to: Evaluator, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[str, str]:
    """Return the share of images of which the classifier sees the label, and their distance."""
    found = to.features.probabilities(images).argmax(axis=1)
    return f"{100 * (found == labels).mean():.1f} %", f"{to(images).frechet:.1f}"


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("-n", type=int, default=10_000)
    options = parser.parse_args()
    run = gankit.load(options.run)
    names = (run.config.source_images, run.config.dataset)
    evaluators = {name: evaluator(name) for name in names}
    print(line(*HEADS), line(*["---"] * len(HEADS)), sep="\n")
    for (start, end), ways in ((names, (None, BACK)), (names[::-1], (BACK, None))):
        test = get_dataset(start).test(None)
        shown, labels = np.asarray(test.images[: options.n]), np.asarray(test.labels[: options.n])
        for name in (start, end):
            print(line(start, name, *cells(evaluators[name], shown, labels)), flush=True)
        there = to_uint8(run.translate(shown, network=ways[0]))
        for images, words, name in (
            (there, f"{start}, translated", end),
            (to_uint8(run.translate(there, network=ways[1])), f"{start}, there and back", start),
        ):
            print(line(words, name, *cells(evaluators[name], images, labels)), flush=True)


if __name__ == "__main__":
    main()
