"""Write images into one npy file, which can be mapped: of a folder, or given from Python."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils.counts import check_count
from gankit._utils.paths import exists, given, require_parent
from gankit.data.dataset import ImageSet
from gankit.data.formats import arrays
from gankit.data.formats.image_folder import Reading, image_folder, pictures, source
from gankit.data.image_options import ImageOptions
from gankit.data.inputs import pictures as given_pictures
from gankit.data.inputs.collect import write
from gankit.data.inputs.recognise import recognise
from gankit.data.memory_data import brought_labels, numbered, read_images
from gankit.data.temporary_files import storing, sync, temporary
from gankit.errors import ConfigError

Count = Callable[[int, int | None], None]
"""Called with the number of pictures done, and their total if it is known."""
Labels = NDArray[np.int64] | None
Write = Callable[[Iterator[NDArray[np.uint8]]], None]
"""Writes chunks of images into the file."""
Packed = tuple[Labels, tuple[str, ...], str]
"""The labels, the names of the classes, and a description of the images."""


def pack(
    images: object,
    out: str | os.PathLike[str],
    options: ImageOptions | None = None,
    count: Count | None = None,
    *,
    labels: object = True,
    limit: int | None = None,
) -> ImageSet:
    """Write images into an npy file, with few of them in memory at a time.

    Training takes the file as its data set: `--dataset FILE`, or `gankit.train(dataset=FILE)`.
    Labels are written into NAME.labels.npy beside it, and class names into NAME.classes.json. The
    npy file appears last, complete.

    Parameters
    ----------
    images
        The path of a folder of pictures; or images as `gankit.train(dataset=images)` takes them:
        an array, a list, a data set or a loader of another library, or a generator.
    out
        The file to create; its name ends in .npy.
    options
        How to convert the pictures; by default, they stay unchanged.
    count
        Called after every picture or chunk of pictures; None, the default, for no calls.
    labels
        Labels of images from Python, in the forms of `gankit.fit`. True, the default, takes those
        that the images bring, if any; None leaves them out. A folder has its own.
    limit
        The most images to read, at least 1, if they are given from Python; None, the default, for
        all of them.

    Returns
    -------
    ImageSet
        The images, mapped from the new file.

    Raises
    ------
    ConfigError
        `out` has another ending, exists already or is in no folder, `limit` is no count, or images
        from Python are of another form.
    DataError
        The folder has no pictures, bad ones, or some of different shapes.
    StorageError
        A file cannot be written.
    """
    out, options, count = given(out, "out"), options or ImageOptions(), count or _uncounted
    if out.suffix != ".npy":
        raise ConfigError(f"cannot pack into {out}; give a file whose name ends in .npy")
    if exists(out):
        raise ConfigError(f"{out} exists already; remove it, or choose another name")
    require_parent(out)
    if limit is not None:
        check_count("limit", limit)
    with temporary(out) as part:
        writer = partial(_write, part, out)
        if isinstance(images, str | os.PathLike):
            found = _write_folder(writer, given(images, "the folder"), options, count)
        else:
            found = _write_given(writer, images, options, count, labels, limit)
        _write_beside(out, *found[:2])
        with storing(out):
            part.replace(out)
    origin = f"{found[2]}, packed into {out}"
    return dataclasses.replace(arrays.npy(out, ImageOptions()), source=origin)


def _uncounted(_done: int, _all: int | None) -> None:
    """Show nothing."""


def _write_folder(writer: Write, path: Path, options: ImageOptions, count: Count) -> Packed:
    """Write the pictures of a folder into a file."""
    folder, reading = image_folder(path), Reading()

    def one_by_one() -> Iterator[NDArray[np.uint8]]:
        for pixels in pictures(folder, options, reading):
            yield pixels[np.newaxis]
            count(reading.readable[-1] + 1, len(folder.files))

    writer(one_by_one())
    return folder.labels(reading.readable), folder.class_names, source(folder, reading)


def _write_given(
    writer: Write,
    images: object,
    options: ImageOptions,
    count: Count,
    labels: object,
    limit: int | None,
) -> Packed:
    """Write images given from Python into a file."""
    items = recognise(images)
    reading = given_pictures.Reading.of(items)
    writer(read_images(items, options, reading, count, limit))
    described = "; ".join(
        [f"{counted(reading.count, 'image')} from {items.kind}", *reading.changes]
    )
    taken, names = labels, tuple[str, ...]()
    if labels is True:
        taken = brought_labels(items, reading, reading.count)
        names = items.class_names
    if taken is None:
        return None, (), described
    return *numbered(taken, names, reading.count), described


def _write(part: Path, out: Path, chunks: Iterator[NDArray[np.uint8]]) -> None:
    with storing(out), part.open("wb") as file:
        write(file, chunks)
        sync(file)


def _write_beside(out: Path, labels: Labels, class_names: tuple[str, ...]) -> None:
    """Write labels and class names, replacing those of an earlier file of that name."""
    names = json.dumps(class_names).encode()
    for target in (arrays.labels_beside(out), arrays.classes_beside(out)):
        with storing(target):
            target.unlink(missing_ok=True)
    if labels is None:
        return
    with ExitStack() as stack:
        for target, write in (
            (arrays.labels_beside(out), lambda file: np.save(file, labels, allow_pickle=False)),
            (arrays.classes_beside(out), lambda file: file.write(names)),
        ):
            part = stack.enter_context(temporary(target))
            with storing(target):
                with part.open("wb") as file:
                    write(file)
                    sync(file)
                part.replace(target)
