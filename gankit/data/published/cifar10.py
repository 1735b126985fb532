"""CIFAR-10: photographs of ten kinds of things, 32x32 in colour.

Krizhevsky, "Learning multiple layers of features from tiny images", 2009. The author publishes the
MD5 sum of the archive. This is the SHA-256 that TensorFlow Datasets publishes; gankit's authors did
not confirm it on the real file. The archive for Python contains the same images as pickles, which
gankit does not load.
"""

from __future__ import annotations

from gankit.data.published.archive import Archive
from gankit.data.published.checksum import Checksum
from gankit.data.published.cifar_batches import Batches

CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def _batches(*names: str) -> tuple[Batches]:
    checksum = Checksum(
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        unconfirmed="TensorFlow Datasets",
    )
    members = tuple(f"cifar-10-batches-bin/{name}.bin" for name in names)
    return (Batches("cifar-10-binary.tar.gz", members, 10000, checksum, packed=170052171),)


ARCHIVE = Archive(
    name="cifar10",
    splits={
        "train": _batches(*(f"data_batch_{number}" for number in range(1, 6))),
        "test": _batches("test_batch"),
    },
    mirrors=("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
    others=("data", "~/data"),
    class_names=CLASS_NAMES,
)

DATASET = ARCHIVE.dataset(
    "photographs of ten kinds, 32x32x3, 50,000 images (Krizhevsky 2009)",
    (32, 32, 3),
    "uoft-cs/cifar10",
)
