"""`gankit data fetch mnist` of a small MNIST, in a process that may be killed.

python -m tests.crash.fetching MIRROR ...
"""

from __future__ import annotations

import gzip
import sys

import numpy as np

import gankit.data
from gankit.cli import main
from tests import small_mnist

SIZE = 20
"""Pixels of an image's side; random ones, which gzip cannot make smaller."""


def contents():
    """Return the four files, IDX bytes by name; the same in every process."""
    random = np.random.default_rng(20)
    images = random.integers(0, 256, (600, SIZE, SIZE), np.uint8)
    return small_mnist.contents(images, random.integers(0, 10, 600, np.uint8), 500)


def packed():
    """Return the four gzip files of mirrors, by their names in a URL."""
    return {f"{name}.gz": gzip.compress(body, 1, mtime=0) for name, body in contents().items()}


def dataset(*mirrors):
    """Return the small MNIST as a named data set."""
    return small_mnist.archive(contents(), mirrors).dataset("a small stand-in")


if __name__ == "__main__":
    gankit.data.BUILTIN = (dataset(*sys.argv[1:]),)
    main(["data", "fetch", "mnist"])
