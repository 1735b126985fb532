"""Measure whether the error of an inversion separates held-out digits from drawn shapes.

    python tests/benchmarks/inversion.py RUN [RUN ...] [-n 64]

RUN is a folder of a run on MNIST, or "pretrained:digits". The shapes are those of
`docs/examples/gankit-dataset-shapes`.
"""

from __future__ import annotations

import argparse
import runpy
import time
from pathlib import Path

import numpy as np

import gankit
from gankit.data.published import mnist

SHAPES = Path(__file__).parents[2] / "docs/examples/gankit-dataset-shapes/gankit_shapes.py"


def main():
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("-n", type=int, default=64, help="digits, and as many shapes")
    options = parser.parse_args()
    digits = mnist.read("test", mirrors=()).images[: options.n]
    shapes = runpy.run_path(str(SHAPES))["held_out"](None).images[: options.n]
    for folder in options.runs:
        began, run = time.monotonic(), gankit.load(folder)
        known, other = (run.invert(each, progress=False).errors for each in (digits, shapes))
        print(
            f"{folder}, step {run.step:,}: mean error of digits {known.mean():.4f}, of shapes "
            f"{other.mean():.4f}; AUC {area(known, other):.3f}; {time.monotonic() - began:.0f} s"
        )


def area(low, high):
    """Return the area under the ROC curve: the share of pairs in which the second is larger."""
    above = high[:, np.newaxis] > low
    equal = high[:, np.newaxis] == low
    return float((above + 0.5 * equal).mean())


if __name__ == "__main__":
    main()
