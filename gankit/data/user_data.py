"""Load a user's images by path."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from gankit._utils.paths import given, is_file, is_folder
from gankit.data.dataset import ImageSet
from gankit.data.formats import arrays
from gankit.data.formats.image_folder import read_folder
from gankit.data.formats.picture import SUFFIXES
from gankit.data.image_options import CHANNELS, ImageOptions
from gankit.errors import DataError

READERS = {".npy": arrays.npy, ".npz": arrays.npz}
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


def is_path(name: str) -> bool:
    """Return whether the text for a data set is a path, not a name.

    >>> [is_path(name) for name in ("./faces", "faces/", "faces.npy", "..", "~/faces")]
    [True, True, True, True, True]
    >>> [is_path(name) for name in ("faces", "fashion-mnist", "cifar10")]
    [False, False, False]
    """
    separators = [mark for mark in (os.sep, os.altsep, "/") if mark]
    return (
        any(mark in name for mark in separators)
        or name.lower().endswith(tuple(READERS))
        or name.startswith(("~", "."))
    )


def own(path: Path, options: ImageOptions | None = None) -> ImageSet:
    """Return the images at a path.

    Parameters
    ----------
    path
        A .npy file, which is mapped and not read into memory; an .npz file; or a folder of
        pictures, with or without a folder per class. A leading `~` is the user's home.
    options
        How to convert pictures; arrays are not converted.

    Raises
    ------
    DataError
        If the path does not exist, cannot be read, or has images of several shapes.
    """
    path, options = given(path, "the data set"), options or ImageOptions()
    if is_folder(path):
        return read_folder(path, options)
    reader = READERS.get(path.suffix.lower())
    remedy = "give a .npy or .npz file, a folder of pictures, or a data set's name"
    if not is_file(path):
        raise DataError(f"no file or folder {path}; {remedy}")
    if reader is None:
        raise DataError(f"{path}: is a file of another kind; {_remedy(path) or remedy}")
    return reader(path, options)


def own_options(path: Path, requested: ImageOptions | None, shape: tuple[int, ...]) -> ImageOptions:
    """Return how images at a path are converted to networks' `shape`, for `own`.

    Pictures get the requested size and channels, or else those of `shape`. Arrays are not
    converted: of another shape than requested they are refused, and the caller compares `shape`.
    """
    options = requested or ImageOptions()
    if not is_folder(path):
        return options
    height, width, channels = shape
    return dataclasses.replace(
        options,
        size=options.size or (height, width),
        channels=options.channels or CHANNELS.get(channels),
    )


def _remedy(path: Path) -> str | None:
    """Return what to do with a file that is an archive or a picture; None for others."""
    if path.suffix.lower() in ARCHIVES:
        return "unpack it, and give the folder of pictures"
    if path.suffix.lower() in SUFFIXES:
        return "give the folder of the pictures, not one of them"
    return None
