"""Data sets in MNIST's form: four IDX files of 28x28 images and labels."""

from __future__ import annotations

from collections.abc import Iterable

from gankit.data.published.archive import Archive
from gankit.data.published.checksum import Checksum
from gankit.data.published.files import PublishedFile

FILES = (
    ("train-images-idx3-ubyte", "x_train", (60000, 28, 28)),
    ("train-labels-idx1-ubyte", "y_train", (60000,)),
    ("t10k-images-idx3-ubyte", "x_test", (10000, 28, 28)),
    ("t10k-labels-idx1-ubyte", "y_test", (10000,)),
)
"""For each file its name, its array's name in Keras's npz file, and its shape."""


def idx_archive(
    name: str,
    sums: Iterable[tuple[Checksum, int | None]],
    mirrors: tuple[str, ...],
    others: tuple[str, ...],
    class_names: tuple[str, ...] = (),
) -> Archive:
    """Return the archive of a data set in MNIST's form.

    Parameters
    ----------
    name
        The data set's name.
    sums
        For each file, in the order of `FILES`: the checksum of its content and None, or the
        checksum and the bytes of its gzip file.
    mirrors, others, class_names
        As in `Archive`.
    """
    images, labels, test_images, test_labels = (
        PublishedFile(*facts, *known) for facts, known in zip(FILES, sums, strict=True)
    )
    splits = {"train": (images, labels), "test": (test_images, test_labels)}
    return Archive(name, splits, mirrors, others, class_names)
