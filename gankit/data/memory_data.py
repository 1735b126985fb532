"""Images given from Python, in place of the name or the path of a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit.data import array_checks
from gankit.data.class_names import Classes, are_numbers
from gankit.data.dataset import ImageSet
from gankit.data.image_options import ImageOptions
from gankit.data.inputs.collect import collect
from gankit.data.inputs.label_array import label_array
from gankit.data.inputs.pictures import Reading, chunks
from gankit.data.inputs.recognise import Items, recognise
from gankit.data.labels import as_labels, without_gaps
from gankit.errors import ConfigError

MEMORY = "memory"
"""What a run records as its data set if the images were given from Python."""

GIVEN = "images from Python"
"""What a title has in place of that name."""


def origin(dataset: str) -> str:
    """Return where images come from, to follow "the images".

    >>> origin("mnist"), origin(MEMORY)
    ('of mnist', 'from Python')
    """
    return "from Python" if dataset == MEMORY else f"of {dataset}"


ABSENT = (
    f"dataset {MEMORY!r} stands for images given from Python: give them again, to gankit.train, "
    "gankit.fit or run.evaluate, or save them in a .npy file and give its path with --dataset"
)
"""The error of a command that needs these images."""

Count = Callable[[int, int | None], None]
"""Called with the number of pictures read, and their total if it is known."""


def no_count(_done: int, _all: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True, eq=False)
class MemoryData(ImageSet):
    """Images given from Python, checked.

    A run records its images as "memory", with their digest. Resuming takes the same images again.

    Attributes
    ----------
    images
        (N, H, W, C) uint8, 0 to 255; `gankit.fit` also takes real numbers in [-1, 1].
    labels
        (N,) int64, without gaps; None without classes.
    source
        Number and shape of the images.
    class_names
        Names of the classes from 0; empty if they have none.
    """

    def _check_images(self) -> None:
        """Accept real numbers too; `memory_data` has checked the images."""


def memory_data(
    images: object,
    labels: object = True,
    *,
    reals: bool = False,
    options: ImageOptions | None = None,
    tell: Callable[[str], None] = lambda _line: None,
    count: Count = no_count,
) -> MemoryData:
    """Return images and labels that were given from Python, checked and read.

    Parameters
    ----------
    images
        What `gankit.data.inputs.recognise` accepts. An array of uint8 stays unchanged; other
        images are converted to uint8, and written into a file if they are many.
    labels
        In the forms of `gankit.fit`. True, the default, takes those that the images bring, if
        any; None leaves them out. Classes without images are left out.
    reals
        Whether an array of real numbers stays unchanged; it must be in [-1, 1] then.
    options
        Size and channels of the images; by default, unchanged.
    tell
        Called with a line for what was recognised and changed.
    count
        Called after every chunk.

    Raises
    ------
    ConfigError
        The images or labels are of another form; the message contains the remedy.
    StorageError
        The file cannot be written.
    """
    items = recognise(images)
    reading = Reading.of(items)
    found = _unconverted(items, options, reals=reals)
    if found is None:
        found = collect(read_images(items, options, reading, count))
    height, width, channels = found.shape[1:]
    described = f"{counted(len(found), 'image')} of {height}x{width}x{channels}"
    brought = brought_labels(items, reading, len(found))
    if items.array is None or reading.changes:
        unused = labels is None and brought is not None
        remedy = ["labels=True uses their labels"] if unused else []
        tell("; ".join([f"images: {described}, from {items.kind}", *reading.changes, *remedy]))
    taken = brought if labels is True else labels
    numbers, names = None, tuple[str, ...]()
    if taken is not None:
        named = items.class_names if labels is True else ()
        numbers, names = numbered(taken, named, len(found))
        if are_numbers(names) and not Classes(names).plain:
            tell(
                f"labels: {counted(len(names), 'class', 'classes')} from {names[0]} to "
                f"{names[-1]}, renumbered; networks get 0 to {len(names) - 1}"
            )
    return MemoryData(found, numbers, f"{described}, given from Python", names)


def read_images(
    items: Items,
    options: ImageOptions | None,
    reading: Reading,
    count: Count = no_count,
    limit: int | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """Yield images in chunks, as `chunks` does; `count` is called after each."""
    for chunk in chunks(items, options or ImageOptions(), reading, limit):
        yield chunk
        count(reading.count, items.count if reading.count <= (items.count or 0) else None)


def brought_labels(items: Items, reading: Reading, count: int) -> object:
    """Return the labels that the first `count` images brought; None if they brought none."""
    return reading.own_labels if items.labels is None else label_array(items.labels)[:count]


def numbered(
    labels: object, class_names: tuple[str, ...], count: int
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return labels as numbers without gaps or as vectors, and the names of classes or columns.

    Raises
    ------
    ConfigError
        The labels are of another form, or there are not `count`.
    """
    found, names = as_labels(label_array(labels), "labels", ConfigError)
    if len(found) != count:
        raise ConfigError(f"labels: got {len(found)}; expected {count}, one for each image")
    if not names and (found.ndim == 2 or found.max(initial=-1) < len(class_names)):
        names = class_names
    return without_gaps(found, names)


def _unconverted(items: Items, options: ImageOptions | None, *, reals: bool) -> NDArray[Any] | None:
    """Return an array that can stay unchanged, as (N, H, W, C); None if it has to be converted."""
    if items.array is None or (options and (options.size or options.channels)):
        return None
    if not reals and items.array.dtype != np.uint8:
        return None
    found = array_checks.images(items.array, "images", ConfigError, reals=reals)
    mapped = isinstance(found, np.memmap)  # It may be larger than the memory.
    return np.ascontiguousarray(found) if items.transposed and not mapped else found
