"""Write a folder of pictures into one npy file, which can be mapped."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy_format

from gankit._utils.paths import exists, given
from gankit.data.dataset import ImageSet
from gankit.data.formats import arrays
from gankit.data.formats.image_folder import ImageFolder, Reading, image_folder, pictures, source
from gankit.data.image_options import ImageOptions
from gankit.data.temporary_files import storing, sync, temporary
from gankit.errors import ConfigError

Count = Callable[[int, int], None]
"""Called with the number of pictures done, and their total."""


def pack(path: Path, out: Path, options: ImageOptions, count: Count | None = None) -> ImageSet:
    """Write the pictures of a folder into an npy file, with one picture in memory at a time.

    Labels are written into NAME.labels.npy beside it, and class names into NAME.classes.json. The
    npy file appears last, complete.

    Parameters
    ----------
    path
        The folder.
    out
        The file to create; its name ends in .npy.
    options
        How to convert the pictures.
    count
        Called after every picture; None for no calls.

    Returns
    -------
    ImageSet
        The images, mapped from the new file.

    Raises
    ------
    ConfigError
        If `out` has another ending, or exists already.
    DataError
        If the folder has no pictures, bad ones, or some of different shapes.
    StorageError
        If a file cannot be written.
    """
    path, out = given(path, "the folder"), given(out, "out")
    if out.suffix != ".npy":
        raise ConfigError(f"cannot pack into {out}; give a file whose name ends in .npy")
    if exists(out):
        raise ConfigError(f"{out} exists already; remove it, or choose another name")
    folder, reading = image_folder(path), Reading()
    with temporary(out) as part:
        with storing(part), part.open("wb") as file:
            _write(file, folder, options, reading, count or (lambda _done, _all: None))
        _write_beside(out, folder, reading.readable)
        with storing(out):
            part.replace(out)
    origin = f"{source(folder, reading)}, packed into {out}"
    return dataclasses.replace(arrays.npy(out, ImageOptions()), source=origin)


def _write(
    file: IO[bytes], folder: ImageFolder, options: ImageOptions, reading: Reading, count: Count
) -> None:
    """Write the images."""
    shape = tuple[int, ...]()
    for pixels in pictures(folder, options, reading):
        if not shape:
            shape = pixels.shape
            _write_header(file, (len(folder.files), *shape))
        file.write(pixels.tobytes())
        count(reading.readable[-1] + 1, len(folder.files))
    # Only now the number of readable pictures is known. NumPy reserves space for it in the header.
    file.seek(0)
    _write_header(file, (len(reading.readable), *shape))
    sync(file)


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    npy_format.write_array_header_1_0(file, header)


def _write_beside(out: Path, folder: ImageFolder, readable: list[int]) -> None:
    """Write labels and class names, replacing those of an earlier file of that name."""
    labels = folder.labels(readable)
    names = json.dumps(folder.class_names).encode()
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
