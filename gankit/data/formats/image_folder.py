"""A folder of pictures, or of one folder of pictures per class."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit.data.class_names import in_order, listed
from gankit.data.dataset import ImageSet
from gankit.data.formats.folder_listing import Listing, PassedOver, deeper, endings, listing, places
from gankit.data.formats.picture import ENDINGS, read
from gankit.data.image_options import ImageOptions
from gankit.errors import DataError

MOST_LISTED = 3
"""The most bad files in one message."""

DARK_BITS = 14
"""If no picture of 16 bits uses more bits, all are dark."""


@dataclass(frozen=True)
class ImageFolder:
    """The pictures in a folder, not opened yet.

    Attributes
    ----------
    path
        The folder.
    files
        Their relative paths, by class and then by name, in the order of their character codes.
    classes
        The index in `class_names` of each; None without class folders.
    class_names
        Names of the folders with pictures, sorted: as numbers if all of them are.
    without
        Names of the folders without pictures.
    passed
        What was skipped.
    """

    path: Path
    files: tuple[str, ...]
    classes: tuple[int, ...] | None = None
    class_names: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    passed: PassedOver = field(default_factory=PassedOver)

    def labels(self, kept: list[int]) -> NDArray[np.int64] | None:
        """Return the labels of the files with these indices, (n,) int64, or None."""
        return None if self.classes is None else np.array(self.classes, np.int64)[kept]


@dataclass
class Reading:
    """Results of reading the pictures of a folder.

    Attributes
    ----------
    kept
        Indices of the readable files.
    faults
        The reasons of the other files.
    top
        The highest level of the pictures of 16 bits; None if there are none.
    """

    kept: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    top: int | None = None


def image_folder(path: Path) -> ImageFolder:
    """Find the pictures in a folder, or one level below it, where each folder is a class.

    Files count if their names have a picture's ending and do not begin with a dot.

    Raises
    ------
    DataError
        If the folder cannot be read, has no pictures, or has some in it and some in folders.
    """
    passed = PassedOver()
    here = listing(path, passed)
    below = {name: listing(path / name, passed) for name in in_order(here.folders)}
    deep = _deep(path, below)
    full = {name: found.pictures for name, found in below.items() if found.pictures}
    if here.pictures and full:
        told = f"{len(here.pictures)} pictures and also folders of pictures, such as "
        remedy = "put every picture into the folder of its class"
        raise DataError(f"{path}: has {told}{next(iter(full))!r}; {remedy}")
    if not here.pictures and not full:
        raise DataError(_nothing(path, passed, deep))
    passed.deep.update(deep)
    if here.pictures:
        return ImageFolder(path, tuple(here.pictures), passed=passed)
    files = tuple(f"{folder}/{name}" for folder, names in full.items() for name in names)
    classes = tuple(label for label, names in enumerate(full.values()) for _ in names)
    without = tuple(name for name in below if name not in full)
    return ImageFolder(path, files, classes, tuple(full), without, passed)


def first_picture(path: Path) -> tuple[str, tuple[int, int, int]] | None:
    """Return the name and the shape of the first readable picture, unconverted.

    None if the first few cannot be read.

    Raises
    ------
    DataError
        As for `image_folder`.
    """
    for name in image_folder(path).files[:MOST_LISTED]:
        try:
            height, width, channels = read(path / name, ImageOptions()).pixels.shape
        except DataError:
            continue
        return name, (height, width, channels)
    return None


def pictures(
    folder: ImageFolder, options: ImageOptions, reading: Reading
) -> Iterator[NDArray[np.uint8]]:
    """Yield the pixels of each picture, (H, W, C) uint8, and record the results in `reading`.

    Raises
    ------
    DataError
        If two pictures have different shapes; after the last one, if some are bad without
        `options.skip_bad`, or if all are.
    """
    first: tuple[str, tuple[int, ...]] | None = None
    for number, file in enumerate(folder.files):
        try:
            found = read(folder.path / file, options)
        except DataError as error:
            reading.faults.append(str(error))
            continue
        first = first or (file, found.pixels.shape)
        if found.pixels.shape != first[1]:
            raise DataError(_uneven(folder, *first, file, found.pixels.shape))
        reading.kept.append(number)
        if found.top is not None:
            reading.top = max(reading.top or 0, found.top)
        yield found.pixels
    if first is None or (reading.faults and not options.skip_bad):
        remedy = "" if first is None else "; fix or delete them, or skip them with --skip-bad"
        raise DataError(f"{folder.path}: cannot read {faults_text(folder, reading)}{remedy}")
    _warn_of_dark(folder, reading)


def faults_text(folder: ImageFolder, reading: Reading) -> str:
    """Return how many files are bad, and the names of the first."""
    faults = reading.faults
    more = f"; and {len(faults) - MOST_LISTED} more" if len(faults) > MOST_LISTED else ""
    return f"{len(faults)} of {len(folder.files)} pictures: {'; '.join(faults[:MOST_LISTED])}{more}"


def source(folder: ImageFolder, reading: Reading) -> str:
    """Return a line that describes what was read, by class, and what was skipped and why."""
    kinds = Counter(Path(folder.files[number]).suffix.lower() for number in reading.kept)
    each = f" ({endings(kinds)})" if len(kinds) > 1 else ""
    skipped = f" (skipped {faults_text(folder, reading)})" if reading.faults else ""
    passed = f"; {folder.passed}" if folder.passed else ""
    count = f"{len(reading.kept):,} pictures{each}{_by_class(folder, reading)}"
    return f"{count} in {folder.path}{skipped}{passed}"


def read_folder(path: Path, options: ImageOptions) -> ImageSet:
    """Read all the pictures of a folder into memory.

    Raises
    ------
    As for `image_folder` and `pictures`, or if they do not fit into memory.
        As `image_folder` and `pictures` do, or if they do not fit.
    """
    folder, reading = image_folder(path), Reading()
    images = np.empty((0, 0, 0, 1), np.uint8)
    try:
        for number, pixels in enumerate(pictures(folder, options, reading)):
            if not number:
                images = np.empty((len(folder.files), *pixels.shape), np.uint8)
            images[number] = pixels
    except MemoryError as error:
        why = f"{len(folder.files)} pictures do not fit into memory"
        raise DataError(f"{path}: {why}; write them into one file by gankit data pack") from error
    labels = folder.labels(reading.kept)
    images = images[: len(reading.kept)]
    return ImageSet(images, labels, source(folder, reading), folder.class_names)


def _by_class(folder: ImageFolder, reading: Reading) -> str:
    """Return the classes with their counts, and the folders without pictures."""
    if folder.classes is None:
        return ""
    counts = Counter(folder.classes[number] for number in reading.kept)
    each = [f"{name} {counts[label]:,}" for label, name in enumerate(folder.class_names)]
    without = f"; without pictures: {listed(folder.without)}" if folder.without else ""
    return f" in {len(folder.class_names)} classes ({listed(each)}{without})"


def _deep(path: Path, below: dict[str, Listing]) -> Counter[str]:
    """Return the number of pictures in each second-level folder."""
    deep: Counter[str] = Counter()
    for name, found in below.items():
        if found.folders and len(deep) <= MOST_LISTED:
            deep.update(deeper(path / name, name))
    return deep


def _nothing(path: Path, passed: PassedOver, deep: Counter[str]) -> str:
    """Return the error for a folder without pictures, and where there are some."""
    if not deep:
        also = f"; {passed}" if passed else ""
        return f"{path}: has no pictures ({ENDINGS}) in it or in the folders in it{also}"
    tops = {Path(place).parts[0] for place in deep}
    levels = {len(Path(place).parts) for place in deep}
    remedy = "move them up, so that each class is one folder of pictures"
    if len(tops) == 1 and levels == {2}:
        remedy = f"name the folder {path / tops.pop()}"
    return f"{path}: its {deep.total():,} pictures are too deep, in {places(deep)}; {remedy}"


def _warn_of_dark(folder: ImageFolder, reading: Reading) -> None:
    """Warn of pictures of 16 bits that use only the lower ones, as scans of 12 bits do."""
    if reading.top is None or reading.top >= 2**DARK_BITS:
        return
    bits = max(reading.top, 1).bit_length()
    warnings.warn(
        f"{folder.path}: the pictures of 16 bits use {bits} bits: the highest level is "
        f"{reading.top:,} of 65,535, so they become dark; multiply their levels by "
        f"{2 ** (16 - bits)} before gankit reads them",
        stacklevel=2,
    )


def _uneven(
    folder: ImageFolder, one: str, shape: tuple[int, ...], other: str, differs: tuple[int, ...]
) -> str:
    sizes = "{}x{} with {} channels".format
    pair = f"{one} is {sizes(*shape)}, {other} is {sizes(*differs)}"
    remedy = "one size by --size" if shape[:2] != differs[:2] else "1 or 3 by --channels"
    return f"{folder.path}: pictures differ: {pair} (height x width); choose {remedy}"
