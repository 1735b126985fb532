"""Images of one's own in NumPy's files: .npy, read as it is needed, and .npz, read whole."""

from __future__ import annotations

import json
import tokenize
import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from gankit.data.containers import BROKEN, check_growth, contents, entry_of, reason
from gankit.data.dataset import ImageSet
from gankit.data.image_options import ImageOptions
from gankit.errors import DataError
from gankit.file_array import FileArray

PAIRS = {"images": "labels", "x_train": "y_train"}
"""Names of the images in an npz file, and of the labels that go with them."""

NAMES = 2**22
"""The most bytes that the names of classes may take."""

UNREADABLE = (
    *BROKEN,
    SyntaxError,
    TypeError,
    KeyError,
    tokenize.TokenError,
    MemoryError,
    ArithmeticError,
)
"""What a damaged file makes NumPy's readers raise."""


def labels_beside(path: Path) -> Path:
    """Return where the labels of the images in an npy file lie: NAME.labels.npy."""
    return path.with_suffix(".labels.npy")


def classes_beside(path: Path) -> Path:
    """Return where the names of their classes lie: NAME.classes.json, a list of strings."""
    return path.with_suffix(".classes.json")


def npy(path: Path, options: ImageOptions) -> ImageSet:
    """Open an npy file of images, and read the labels beside it if there are any.

    Only what is asked for is read from the disk, so that the file may be larger than the memory. If
    it is changed meanwhile, looking up images ends with a DataError.

    Raises
    ------
    DataError
        If it cannot be read, is no array of images, or is not as `options` ask; nothing is
        converted, which would need all of it in memory.
    """
    images = _images(_opened(path), str(path), options)
    beside = labels_beside(path)
    labels = _labels(_opened(beside), str(beside)) if beside.is_file() else None
    names = _class_names(classes_beside(path)) if labels is not None else ()
    return ImageSet(images, labels, f"{len(images):,} images in {path}", names)


def npz(path: Path, options: ImageOptions) -> ImageSet:
    """Read an npz file with `images`, or `x_train` as Keras has it, and perhaps labels.

    Raises
    ------
    DataError
        As `npy` does, or if it has no such array.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            key = next((key for key in PAIRS if key in names), None)
            if key is None:
                held = ", ".join(names) or "nothing"
                raise DataError(f"{path}: has no array {' or '.join(PAIRS)}; it has {held}")
            found = _member(path, archive, key)
            paired = _member(path, archive, PAIRS[key]) if PAIRS[key] in names else None
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    images = _images(found, f"{path}: {key}", options)
    labels = None if paired is None else _labels(paired, f"{path}: {PAIRS[key]}")
    return ImageSet(images, labels, f"{len(images):,} images from {path}")


def _opened(path: Path) -> NDArray[Any]:
    # Unlike np.load, this takes no other kind of file, and no objects.
    try:
        with np.errstate(over="raise"):  # A shape may have more numbers than can be counted.
            return cast("NDArray[Any]", FileArray(path))
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read as npy: {reason(error)}") from error


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    entry = entry_of(path, archive, name)
    check_growth(path, entry.file_size)
    with archive.open(entry) as file:
        found: NDArray[Any] = npy_format.read_array(file, allow_pickle=False)
        return found


def _images(found: NDArray[Any], told: str, options: ImageOptions) -> NDArray[np.uint8]:
    shape = found.shape
    if found.dtype != np.uint8:
        remedy = "np.uint8(np.rint(images * 127.5 + 127.5)) is right for numbers in [-1, 1]"
        raise DataError(f"{told}: images are {found.dtype}; save them as uint8, 0 to 255: {remedy}")
    if found.ndim == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        remedy = "save images.transpose(0, 2, 3, 1)"
        raise DataError(f"{told}: images are {shape}, channels first; {remedy}")
    if found.ndim not in (3, 4) or not all(shape) or shape[3:] not in ((), (1,), (3,)):
        wanted = "(N, height, width) or (N, height, width, 1 or 3)"
        raise DataError(f"{told}: images are {shape}, not {wanted}, of one image or more")
    if isinstance(found, np.ndarray) and not found.flags.c_contiguous:
        why = "each image is spread over the whole file; save np.ascontiguousarray(images)"
        raise DataError(f"{told}: images are in Fortran order, where {why}")
    images = found if found.ndim == 4 else found.reshape(*shape, 1)
    _check_options(images.shape, told, options)
    return images


def _check_options(shape: tuple[int, ...], told: str, options: ImageOptions) -> None:
    if options.size and shape[1:3] != options.size:
        wanted = "height x width {}x{} is wanted".format(*options.size)
    elif options.channels and shape[3] != options.channels:
        wanted = f"{options.channels} as the number of channels is wanted"
    else:
        return
    remedy = "arrays are not converted: save them so, or choose networks for the shape they have"
    raise DataError(f"{told}: images are {shape[1:]}, but {wanted}; {remedy}")


def _labels(found: NDArray[Any], told: str) -> NDArray[np.int64]:
    if found.dtype.kind not in "iu" or found.ndim != 1:
        raise DataError(f"{told}: labels are {found.dtype} {found.shape}, not integers (N,)")
    return np.array(found, np.int64)


def _class_names(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    try:
        names = json.loads(contents(path, NAMES).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path}: is no list of names")
    return tuple(names)
