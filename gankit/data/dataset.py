"""What a data set is: images with labels, and a name under which they can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gankit.data import digests
from gankit.errors import DataError

Progress = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes received so far, and its size in bytes (None: not known)."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images as they are stored, with what is known about them.

    Attributes
    ----------
    images
        (N, H, W, C) uint8, 0 to 255. Where they lie in a file and are read as they are asked for,
        a `gankit._utils.file_array.FileArray`, which is indexed as an array is.
    labels
        (N,) int64, each at least 0; None where the images have no classes.
    source
        One line that says where the bytes came from.
    class_names
        What the labels stand for, from 0 on; empty where that is not known.

    Raises
    ------
    DataError
        If shapes, types or counts are not the ones above.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    source: str
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Nothing here may read the images themselves: they may be larger than the memory.
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            found = f"{self.images.dtype} {self.images.shape}"
            raise DataError(f"{self.source}: images are {found}, not uint8 of shape (N, H, W, C)")
        if self.labels is None:
            if self.class_names:
                raise DataError(f"{self.source}: has {len(self.class_names)} classes but no labels")
            return
        self._check_labels(self.labels)

    def _check_labels(self, labels: NDArray[np.int64]) -> None:
        if labels.dtype != np.int64 or labels.ndim != 1:
            found = f"{labels.dtype} {labels.shape}"
            raise DataError(f"{self.source}: labels are {found}, not int64 of shape (N,)")
        if len(labels) != len(self.images):
            counts = f"{len(self.images)} images but {len(labels)} labels"
            raise DataError(f"{self.source}: {counts}; their counts must match")
        if (labels < 0).any():
            raise DataError(f"{self.source}: label {labels.min()} is below 0")
        if self.class_names and labels.max(initial=0) >= len(self.class_names):
            named = f"{len(self.class_names)} classes are named"
            raise DataError(f"{self.source}: label {labels.max()}, but only {named}")

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def digest(self) -> str:
        """What tells this set from others: the SHA-256 of its shape, its labels and every image.

        The same images have the same digest wherever they lie: in a folder, an array or a file.
        """
        return digests.digest(self.images, self.labels)

    @property
    def classes(self) -> int:
        """Number of classes: those with names, else the highest label and 1; 0 without labels."""
        if self.labels is None:
            return 0
        return len(self.class_names) or int(self.labels.max(initial=-1)) + 1


@dataclass(frozen=True)
class FileCheck:
    """One row of `gankit data verify`: a file, where it lies, and whether it is what it should be.

    Attributes
    ----------
    file
        The file's name in the data set.
    place
        The path that was checked, or empty where nothing was found.
    ok
        Whether the contents are the published ones.
    reason
        What is wrong, or empty.
    """

    file: str
    place: str
    ok: bool
    reason: str = ""


class Fetch(Protocol):
    """Make sure that every file is there and valid, downloading what is missing."""

    def __call__(self, data_dir: Path | None, /, *, progress: Progress | None = None) -> list[Path]:
        """Return the path of every file; raise DataError if one cannot be had."""
        ...


@dataclass(frozen=True)
class Dataset:
    """A data set that can be asked for by name; a plugin offers its own in the same form.

    Attributes
    ----------
    name
        What `--dataset` takes.
    summary
        One line for `gankit data list`.
    load
        Takes the data directory that the user named, or None, and returns the training images.
    fetch
        Downloads what is missing; None if there is nothing to download.
    verify
        Checks every file found, one row per file and place; None if there are no files.
    test
        Like `load`, for the images that are held out of training; None if there are none.
    """

    name: str
    summary: str
    load: Callable[[Path | None], ImageSet]
    fetch: Fetch | None = None
    verify: Callable[[Path | None], list[FileCheck]] | None = None
    test: Callable[[Path | None], ImageSet] | None = None
