"""What a data set is: images with labels, and a name under which they can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gankit.errors import DataError

Progress = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes received so far, and its size in bytes (None: not known)."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images as they are stored, with what is known about them.

    Attributes
    ----------
    images
        (N, H, W, C) uint8, 0 to 255.
    labels
        (N,) int64, each at least 0; None where the images have no classes.
    source
        One line that says where the bytes came from.

    Raises
    ------
    DataError
        If shapes, types or counts are not the ones above.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    source: str

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            found = f"{self.images.dtype} {self.images.shape}"
            raise DataError(f"{self.source}: images are {found}, not uint8 of shape (N, H, W, C)")
        if self.labels is None:
            return
        if self.labels.dtype != np.int64 or self.labels.ndim != 1:
            found = f"{self.labels.dtype} {self.labels.shape}"
            raise DataError(f"{self.source}: labels are {found}, not int64 of shape (N,)")
        if len(self.labels) != len(self.images):
            counts = f"{len(self.images)} images but {len(self.labels)} labels"
            raise DataError(f"{self.source}: {counts}; their counts must match")
        if (self.labels < 0).any():
            raise DataError(f"{self.source}: label {self.labels.min()} is below 0")

    def __len__(self) -> int:
        return len(self.images)


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
    """

    name: str
    summary: str
    load: Callable[[Path | None], ImageSet]
    fetch: Fetch | None = None
    verify: Callable[[Path | None], list[FileCheck]] | None = None
