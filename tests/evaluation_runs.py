"""A small reference data set, and the settings of a run that is evaluated during training."""

from __future__ import annotations

import numpy as np

from gankit.data import Dataset, ImageSet, glyphs

CONFIG = """
backend = "numpy"
latent = 4
batch = 8
steps = 20
steps_per_epoch = 3
checkpoint_every = 4
keep_checkpoints = 2
evaluate_samples = 60
[generator]
layers = [
    { layer = "dense", units = 6 },
    { layer = "dense", units = 784 },
    { layer = "tanh" },
    { layer = "reshape", shape = [28, 28, 1] },
]
[discriminator]
layers = [
    { layer = "flatten" },
    { layer = "dense", units = 6 },
    { layer = "dropout", rate = 0.3 },
    { layer = "dense", units = 1 },
]
"""


def drawn(count=300, seed=1):
    """Return drawn digits with their classes."""
    return glyphs.draw(count, seed)


def write(path, labelled=True):
    """Write digits as a user's own .npz file."""
    images, labels = drawn()
    np.savez(path, images=images, **({"labels": labels} if labelled else {}))
    return path


def dataset(name="few", test=lambda _: ImageSet(*drawn(80, 2), "held out")):
    """Return a named data set: 200 training images and 80 test images."""
    images, labels = drawn()
    return Dataset(
        name, "few digits", lambda _: ImageSet(images[:200], labels[:200], "few"), test=test
    )
