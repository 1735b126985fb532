"""Read a folder of pictures, or of one folder of pictures per class."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils import stack_level
from gankit.data.class_names import in_order, listed
from gankit.data.dataset import ImageSet
from gankit.data.formats.folder_listing import (
    IgnoredFiles,
    Listing,
    first_folders,
    listing,
    most_common,
    pictures_below,
)
from gankit.data.formats.picture import ENDINGS, picture_shape, read
from gankit.data.image_options import ImageOptions
from gankit.errors import DataError

MOST_LISTED = 3
"""The most unreadable files in one message."""

MOST_SAMPLED = 100
"""The most pictures that are read to find the typical size."""

DARK_BITS = 14
"""Pictures of 16 bits are dark if none uses more bits than this."""


@dataclass(frozen=True)
class ImageFolder:
    """The pictures in a folder, before they are opened.

    Attributes
    ----------
    path
        The folder.
    files
        Their relative paths, by class and then by name, in the order of their character codes.
    classes
        The index in `class_names` of each file; None without class folders.
    class_names
        Sorted names of the folders with pictures, as numbers if all of them are numbers.
    without
        Names of the folders without pictures.
    ignored
        The ignored files.
    """

    path: Path
    files: tuple[str, ...]
    classes: tuple[int, ...] | None = None
    class_names: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    ignored: IgnoredFiles = field(default_factory=IgnoredFiles)

    def labels(self, readable: list[int]) -> NDArray[np.int64] | None:
        """Return the labels of the files with these indices, (n,) int64, or None."""
        return None if self.classes is None else np.array(self.classes, np.int64)[readable]


@dataclass
class Reading:
    """The results of reading the pictures of a folder.

    Attributes
    ----------
    readable
        Indices of the readable files.
    faults
        The errors of the other files.
    top
        The highest level of the pictures of 16 bits; None without such pictures.
    """

    readable: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    top: int | None = None


def image_folder(path: Path) -> ImageFolder:
    """Find the pictures in a folder, or in the folders in it, each of which is a class.

    A picture is a file whose name has a picture's ending and does not begin with a dot.

    Raises
    ------
    DataError
        If the folder cannot be read, has no pictures, or has pictures both in it and in folders.
    """
    ignored = IgnoredFiles()
    here = listing(path, ignored)
    below = {name: listing(path / name, ignored) for name in in_order(here.folders)}
    deep = _deep(path, below)
    full = {name: found.pictures for name, found in below.items() if found.pictures}
    if here.pictures and full:
        raise DataError(
            f"{path}: has {counted(len(here.pictures), 'picture')} and also folders of pictures, "
            f"such as {next(iter(full))!r}; put every picture into the folder of its class"
        )
    if not here.pictures and not full:
        raise DataError(_no_pictures_message(path, ignored, deep))
    ignored.deep.update(deep)
    if here.pictures:
        return ImageFolder(path, tuple(here.pictures), ignored=ignored)
    files = tuple(f"{folder}/{name}" for folder, names in full.items() for name in names)
    classes = tuple(label for label, names in enumerate(full.values()) for _ in names)
    without = tuple(name for name in below if name not in full)
    return ImageFolder(path, files, classes, tuple(full), without, ignored)


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


def typical_shape(path: Path) -> tuple[int, int, int]:
    """Return the median height and width of a folder's pictures, and their channels.

    The headers of at most 100 pictures, evenly spaced, are read. Channels are 3 if any has colours.

    Raises
    ------
    DataError
        As for `image_folder`, or if none of them can be read.
    """
    files = image_folder(path).files
    found = []
    for name in files[:: -(-len(files) // MOST_SAMPLED)]:
        with suppress(DataError):
            found.append(picture_shape(path / name))
    if not found:
        raise DataError(f"{path}: cannot read any of {len(files)} pictures")
    heights, widths, channels = zip(*found, strict=True)
    return median_low(heights), median_low(widths), max(channels)


def pictures(
    folder: ImageFolder, options: ImageOptions, reading: Reading
) -> Iterator[NDArray[np.uint8]]:
    """Yield the pixels of each picture, (H, W, C) uint8, and record the results in `reading`.

    Raises
    ------
    DataError
        If two pictures have different shapes. After the last picture, if some cannot be read and
        `options.skip_bad` is False, or if none can be read.
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
            raise DataError(_shape_message(folder, *first, file, found.pixels.shape))
        reading.readable.append(number)
        if found.top is not None:
            reading.top = max(reading.top or 0, found.top)
        yield found.pixels
    if first is None or (reading.faults and not options.skip_bad):
        remedy = "" if first is None else "; fix or delete them, or skip them with --skip-bad"
        raise DataError(f"{folder.path}: cannot read {faults_text(folder, reading)}{remedy}")
    _warn_of_dark(folder, reading)


def faults_text(folder: ImageFolder, reading: Reading) -> str:
    """Return a text with the number of unreadable files, and the first errors."""
    faults = reading.faults
    more = f"; and {len(faults) - MOST_LISTED} more" if len(faults) > MOST_LISTED else ""
    return f"{len(faults)} of {len(folder.files)} pictures: {'; '.join(faults[:MOST_LISTED])}{more}"


def source(folder: ImageFolder, reading: Reading) -> str:
    """Return a line about the pictures that were read, skipped and ignored."""
    endings = Counter(Path(folder.files[number]).suffix.lower() for number in reading.readable)
    each = f" ({most_common(endings)})" if len(endings) > 1 else ""
    skipped = f" (skipped {faults_text(folder, reading)})" if reading.faults else ""
    ignored = f"; {folder.ignored}" if folder.ignored else ""
    count = f"{counted(len(reading.readable), 'picture')}{each}{_by_class(folder, reading)}"
    return f"{count} in {folder.path}{skipped}{ignored}"


def read_folder(path: Path, options: ImageOptions) -> ImageSet:
    """Read all the pictures of a folder into memory.

    Raises
    ------
    DataError
        As for `image_folder` and `pictures`, or if the pictures do not fit into memory.
    """
    folder, reading = image_folder(path), Reading()
    images = np.empty((0, 0, 0, 1), np.uint8)
    try:
        for number, pixels in enumerate(pictures(folder, options, reading)):
            if not number:
                images = np.empty((len(folder.files), *pixels.shape), np.uint8)
            images[number] = pixels
    except MemoryError as error:
        raise DataError(
            f"{path}: {counted(len(folder.files), 'picture')} cannot fit into memory; pack the "
            "folder into one file with gankit data pack"
        ) from error
    labels = folder.labels(reading.readable)
    images = images[: len(reading.readable)]
    return ImageSet(images, labels, source(folder, reading), folder.class_names)


def _by_class(folder: ImageFolder, reading: Reading) -> str:
    """Return a text with the classes, their counts, and the folders without pictures."""
    if folder.classes is None:
        return ""
    counts = Counter(folder.classes[number] for number in reading.readable)
    each = [f"{name} {counts[label]:,}" for label, name in enumerate(folder.class_names)]
    without = f"; without pictures: {listed(folder.without)}" if folder.without else ""
    return f" in {counted(len(folder.class_names), 'class', 'classes')} ({listed(each)}{without})"


def _deep(path: Path, below: dict[str, Listing]) -> Counter[str]:
    """Return the number of pictures in each second-level folder."""
    deep: Counter[str] = Counter()
    for name, found in below.items():
        if found.folders and len(deep) <= MOST_LISTED:
            deep.update(pictures_below(path / name, name))
    return deep


def _no_pictures_message(path: Path, ignored: IgnoredFiles, deep: Counter[str]) -> str:
    """Return the message about a folder without pictures, with deeper folders that have some."""
    if not deep:
        also = f"; {ignored}" if ignored else ""
        return f"{path}: has no pictures ({ENDINGS}) in it or in the folders in it{also}"
    tops = {Path(folder).parts[0] for folder in deep}
    levels = {len(Path(folder).parts) for folder in deep}
    remedy = "move them up, so that each class is one folder of pictures"
    if len(tops) == 1 and levels == {2}:
        remedy = f"name the folder {path / tops.pop()}"
    folders = first_folders(deep)
    return f"{path}: got {counted(deep.total(), 'picture')} too deep, in {folders}; {remedy}"


def _warn_of_dark(folder: ImageFolder, reading: Reading) -> None:
    """Warn of pictures of 16 bits that use only the lower bits, as scans of 12 bits do."""
    if reading.top is None or reading.top >= 2**DARK_BITS:
        return
    bits = max(reading.top, 1).bit_length()
    warnings.warn(
        f"{folder.path}: the pictures of 16 bits use {bits} bits: the highest level is "
        f"{reading.top:,} of 65,535, so they become dark; multiply their levels by "
        f"{2 ** (16 - bits)} before gankit reads them",
        stacklevel=stack_level.of_user(),
    )


def _shape_message(
    folder: ImageFolder, one: str, shape: tuple[int, ...], other: str, differs: tuple[int, ...]
) -> str:
    pair = f"{one} is {_sides(shape)}, {other} is {_sides(differs)}"
    remedy = "a size with --size" if shape[:2] != differs[:2] else "1 or 3 with --channels"
    return f"{folder.path}: pictures differ: {pair} (height x width); choose {remedy}"


def _sides(shape: tuple[int, ...]) -> str:
    height, width, channels = shape
    return f"{height}x{width} with {counted(channels, 'channel')}"
