"""A folder of pictures, or of one folder of pictures per class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit.data.containers import reason
from gankit.data.dataset import ImageSet
from gankit.data.image_options import ImageOptions
from gankit.data.picture import SUFFIXES, picture
from gankit.errors import DataError

NAMED = 3
"""How many bad files an error names."""


@dataclass(frozen=True)
class ImageFolder:
    """The pictures in a folder, none of them opened yet.

    Attributes
    ----------
    path
        The folder.
    files
        Their paths in it, by class and then by name, in the order of their characters' codes.
    classes
        For each, which of `class_names` it belongs to; None where there are no class folders.
    class_names
        Names of the folders that have pictures, sorted.
    """

    path: Path
    files: tuple[str, ...]
    classes: tuple[int, ...] | None = None
    class_names: tuple[str, ...] = ()

    def labels(self, kept: list[int]) -> NDArray[np.int64] | None:
        """Return the labels of the files with these numbers, (n,) int64, or None."""
        return None if self.classes is None else np.array(self.classes, np.int64)[kept]


def image_folder(path: Path) -> ImageFolder:
    """Find the pictures in a folder, or one level below it, where each folder is a class.

    Files count whose names end in .png, .jpg, .jpeg or .webp and do not begin with a dot.

    Raises
    ------
    DataError
        If the folder cannot be read, has no pictures, or has some in it and some in folders.
    """
    here = _pictures(path)
    below = {
        folder: found
        for folder in _names(path)
        if (path / folder).is_dir() and (found := _pictures(path / folder))
    }
    if here and below:
        told = f"{len(here)} pictures and also folders of pictures, such as {next(iter(below))!r}"
        raise DataError(f"{path}: has {told}; put every picture into the folder of its class")
    if here:
        return ImageFolder(path, tuple(here))
    if not below:
        raise DataError(f"{path}: has no {', '.join(SUFFIXES)} in it or in the folders in it")
    files = tuple(f"{folder}/{name}" for folder, names in below.items() for name in names)
    classes = tuple(label for label, names in enumerate(below.values()) for _ in names)
    return ImageFolder(path, files, classes, tuple(below))


def pictures(
    folder: ImageFolder, options: ImageOptions, faults: list[str]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the pictures one at a time, each as its number and its (H, W, C) uint8 pixels.

    What is wrong with a bad file goes to `faults`.

    Raises
    ------
    DataError
        If two pictures have different shapes; after the last one, if some are bad and
        `options.skip_bad` does not say to go on without them, or if all are.
    """
    first: tuple[str, tuple[int, ...]] | None = None
    for number, file in enumerate(folder.files):
        try:
            pixels = picture(folder.path / file, options)
        except DataError as error:
            faults.append(str(error))
            continue
        first = first or (file, pixels.shape)
        if pixels.shape != first[1]:
            raise DataError(_uneven(folder, *first, file, pixels.shape))
        yield number, pixels
    if first is None or (faults and not options.skip_bad):
        remedy = "" if first is None else "; mend or remove them, or go on without by --skip-bad"
        raise DataError(f"{folder.path}: cannot read {told(folder, faults)}{remedy}")


def told(folder: ImageFolder, faults: list[str]) -> str:
    """Say how many files are bad, and name the first."""
    more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
    return f"{len(faults)} of {len(folder.files)} pictures: {'; '.join(faults[:NAMED])}{more}"


def source(folder: ImageFolder, kept: int, faults: list[str]) -> str:
    """Return the line that says where the images come from and which were left out."""
    classes = f" in {len(folder.class_names)} classes" if folder.class_names else ""
    skipped = f" (skipped {told(folder, faults)})" if faults else ""
    return f"{kept:,} pictures{classes} in {folder.path}{skipped}"


def read_folder(path: Path, options: ImageOptions) -> ImageSet:
    """Read all the pictures of a folder into memory.

    Raises
    ------
    DataError
        As `image_folder` and `pictures` do, or if they do not fit.
    """
    folder, faults, kept = image_folder(path), list[str](), list[int]()
    images = np.empty((0, 0, 0, 1), np.uint8)
    try:
        for number, pixels in pictures(folder, options, faults):
            if not kept:
                images = np.empty((len(folder.files), *pixels.shape), np.uint8)
            images[len(kept)] = pixels
            kept.append(number)
    except MemoryError as error:
        why = f"{len(folder.files)} pictures do not fit into memory"
        raise DataError(f"{path}: {why}; write them into one file by gankit data pack") from error
    origin = source(folder, len(kept), faults)
    return ImageSet(images[: len(kept)], folder.labels(kept), origin, folder.class_names)


def _uneven(
    folder: ImageFolder, one: str, shape: tuple[int, ...], other: str, differs: tuple[int, ...]
) -> str:
    sizes = "{}x{} with {} channels".format
    pair = f"{one} is {sizes(*shape)}, {other} is {sizes(*differs)}"
    remedy = "one size by --size" if shape[:2] != differs[:2] else "1 or 3 by --channels"
    return f"{folder.path}: pictures differ: {pair} (height x width); choose {remedy}"


def _pictures(folder: Path) -> list[str]:
    return [
        name
        for name in _names(folder)
        if name.lower().endswith(SUFFIXES) and (folder / name).is_file()
    ]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {reason(error)}") from error
