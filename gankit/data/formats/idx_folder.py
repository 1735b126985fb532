"""A folder of four IDX files without published checksums, such as a user's data.

The data set `mnist` does not use such a folder: `gankit.data.published.mnist` verifies checksums.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gankit._utils.paths import given, is_file
from gankit.data.dataset import ImageSet
from gankit.data.formats import idx
from gankit.errors import DataError, StorageError, UnknownName, reason

NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""The file names of each split's images and labels, as in MNIST."""


def idx_folder(folder: Path, split: str = "train") -> ImageSet:
    """Read images and labels from IDX files with MNIST's names, gzip or not.

    Parameters
    ----------
    folder
        The folder of the files.
    split
        "train" or "test".

    Raises
    ------
    UnknownName
        If there is no such split.
    DataError
        If a file is missing, is not an IDX file, or the two do not match.
    """
    images, labels = (_find(folder, name) for name in names(split))
    return idx.labelled(idx.read(images), idx.read(labels), f"idx files {images}, {labels}")


def write_idx_folder(folder: Path, data: ImageSet, split: str = "train") -> list[Path]:
    """Write grey images and their labels as the two files that `idx_folder` reads.

    Parameters
    ----------
    folder
        Folder of the files; it is created if missing.
    data
        Images of one channel, with labels from 0 to 9.
    split
        "train" or "test".

    Returns
    -------
    list[Path]
        The file of images and the file of labels, both gzip.

    Raises
    ------
    UnknownName
        If there is no such split.
    DataError
        If the images have colours or no labels.
    StorageError
        If the files cannot be written.
    """
    folder = given(folder, "folder")
    images, labels = (folder / f"{name}.gz" for name in names(split))
    valid = range(idx.CLASSES)
    if data.images.shape[-1] != 1 or data.labels is None or not {*data.labels.tolist()} <= {*valid}:
        raise DataError(f"{data.source}: IDX files take one channel and labels from 0 to 9")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot create {folder}: {reason(error)}") from error
    idx.write(images, data.images[..., 0])
    idx.write(labels, data.labels.astype(np.uint8))
    return [images, labels]


def names(split: str) -> tuple[str, str]:
    """Return the file names of a split's images and labels; UnknownName for another split."""
    if split not in NAMES:
        raise UnknownName("split", split, NAMES)
    return NAMES[split]


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if is_file(path):
            return path
    raise DataError(
        f"no {name} or {name}.gz in {folder}; put the file there or name another folder"
    )
