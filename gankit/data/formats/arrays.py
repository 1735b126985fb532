"""A user's images in NumPy files: .npy, mapped, and .npz, read into memory."""

from __future__ import annotations

import json
import tokenize
import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils.file_array import FileArray
from gankit.data import array_checks
from gankit.data.class_names import listed
from gankit.data.dataset import ImageSet
from gankit.data.formats.archives import BROKEN, check_growth, contents, entry_of
from gankit.data.image_options import ImageOptions
from gankit.data.labels import as_labels
from gankit.errors import DataError, reason

PAIRS = {"images": "labels", "x_train": "y_train"}
"""Names of the images in an npz file, and of their labels."""

MOST_NAME_BYTES = 2**22
"""The most bytes of a file of class names."""

UNREADABLE = (
    *BROKEN,
    SyntaxError,
    TypeError,
    KeyError,
    tokenize.TokenError,
    MemoryError,
    ArithmeticError,
)
"""What NumPy's readers raise for a damaged file."""


def labels_beside(path: Path) -> Path:
    """Return the path of the labels of an npy file: NAME.labels.npy."""
    return path.with_suffix(".labels.npy")


def classes_beside(path: Path) -> Path:
    """Return the path of the class names: NAME.classes.json, a list of strings."""
    return path.with_suffix(".classes.json")


def npy(path: Path, options: ImageOptions) -> ImageSet:
    """Open an npy file of images, and read the labels beside it, if any.

    Only indexed images are read from disk, so the file may be larger than the memory. If the file
    is changed later, reading images raises DataError.

    Raises
    ------
    DataError
        If the file cannot be read, is not an array of images, or has another shape than in
        `options`. Arrays are not converted, because that would need all of it in memory.
    """
    if key := options.images_key or options.labels_key:
        raise DataError(f"{path}: has no array {key!r}, because it is one array; leave its key out")
    images = _images(_opened(path), str(path), options)
    beside = labels_beside(path)
    labels, names = None, tuple[str, ...]()
    if beside.is_file():
        labels, names = as_labels(np.asarray(_opened(beside)), str(beside))
        names = names or _class_names(classes_beside(path))
    return ImageSet(images, labels, f"{counted(len(images), 'image')} in {path}", names)


def npz(path: Path, options: ImageOptions) -> ImageSet:
    """Read an npz file of images and, if present, labels.

    The images are `options.images_key`, else `images`, else `x_train` as in Keras, else the only
    array of images; the labels are `options.labels_key`, else `labels` or `y_train`.

    Raises
    ------
    DataError
        As for `npy`, or if the file has no such array.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            key, beside = _keys(path, archive, names, options)
            found = _member(path, archive, key)
            paired = _member(path, archive, beside) if beside else None
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    images = _images(found, f"{path}: {key}", options)
    source = f"{counted(len(images), 'image')} from {path}"
    if paired is None:
        others = [name for name in names if name != key]
        unread = f"; not read: {listed(others)} (--labels-key names the labels)" if others else ""
        return ImageSet(images, None, f"{source}{unread if key not in PAIRS else ''}")
    labels, class_names = as_labels(paired, f"{path}: {beside}")
    return ImageSet(images, labels, source, class_names)


def has_array(path: Path, key: str) -> bool:
    """Return whether a file is an npz file with an array of this name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return f"{key}.npy" in archive.namelist()
    except UNREADABLE:
        return False


def _keys(
    path: Path, archive: zipfile.ZipFile, names: list[str], options: ImageOptions
) -> tuple[str, str | None]:
    """Return the names of the images and of their labels; None if it has no labels."""
    available = listed(names) or "nothing"
    for requested in (options.images_key, options.labels_key):
        if requested is not None and requested not in names:
            raise DataError(f"{path}: has no array {requested!r}; it has {available}")
    key = options.images_key or next((key for key in PAIRS if key in names), None)
    if key is None:
        possible = [name for name in names if _has_images(path, archive, name)]
        if len(possible) != 1:
            remedy = "name the images with --images-key, and labels with --labels-key"
            raise DataError(
                f"{path}: has no array {' or '.join(PAIRS)}; it has {available}; {remedy}"
            )
        key = possible[0]
    paired = PAIRS.get(key)
    return key, options.labels_key or (paired if paired in names else None)


def _has_images(path: Path, archive: zipfile.ZipFile, name: str) -> bool:
    """Return whether an array may contain images, by the shape in its header."""
    with archive.open(entry_of(path, archive, name)) as file:
        version = npy_format.read_magic(file)
        first = version == (1, 0)
        header = npy_format.read_array_header_1_0 if first else npy_format.read_array_header_2_0
        return len(header(file)[0]) in (3, 4)


def _opened(path: Path) -> NDArray[Any]:
    # Unlike np.load, this refuses other file types and objects.
    try:
        with np.errstate(over="raise"):  # The size of a shape may overflow.
            return cast("NDArray[Any]", FileArray(path))
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read as npy: {reason(error)}") from error


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    entry = entry_of(path, archive, name)
    check_growth(path, entry.file_size)
    with archive.open(entry) as file:
        found: NDArray[Any] = npy_format.read_array(file, allow_pickle=False)
        return found


def _images(found: NDArray[Any], name: str, options: ImageOptions) -> NDArray[np.uint8]:
    images = array_checks.images(found, name, size=options.size)
    if isinstance(found, np.ndarray) and not found.flags.c_contiguous:
        raise DataError(
            f"{name}: images are in Fortran order, which spreads each image over the complete "
            "file; save np.ascontiguousarray(images)"
        )
    _check_options(images.shape, name, options)
    return images


def _check_options(shape: tuple[int, ...], name: str, options: ImageOptions) -> None:
    wanted = (*(options.size or shape[1:3]), options.channels or shape[3])
    if shape[1:] != wanted:
        raise DataError(
            f"{name}: got images of {shape[1:]}; expected {wanted}; arrays are not converted: "
            "save them in that shape, or leave out size and channels"
        )


def _class_names(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    try:
        names = json.loads(contents(path, MOST_NAME_BYTES).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path}: is not a list of names")
    return tuple(names)
