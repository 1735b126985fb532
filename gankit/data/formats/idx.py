"""IDX, the file format of MNIST: a header of big-endian numbers, then unsigned bytes.

The header is two zero bytes, the element type, the number of dimensions, and each dimension as
32 bits (LeCun, Cortes & Burges, "The MNIST database of handwritten digits").
"""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils.aligned_arrays import aligned
from gankit.data.dataset import ImageSet
from gankit.data.formats.archives import contents
from gankit.errors import DataError, StorageError, reason

UNSIGNED_BYTE = 0x08
CLASSES = 10
MOST_BYTES = 128 * 2**20
"""The most unpacked bytes of a file of unknown size."""


def header(shape: tuple[int, ...]) -> bytes:
    """Return the header of an array of unsigned bytes of a shape."""
    return struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)


def encode(values: NDArray[np.uint8]) -> bytes:
    """Return `values`, uint8 of any shape, as the contents of an IDX file.

    >>> encode(np.array([7, 2], np.uint8)).hex(" ", -4)
    '00000801 00000002 0702'
    """
    return header(values.shape) + values.tobytes()


def decode(content: bytes, file: str) -> NDArray[np.uint8]:
    """Return the array in the contents of an IDX file.

    Parameters
    ----------
    content
        The complete file, unpacked.
    file
        Its name in errors.

    Returns
    -------
    NDArray[np.uint8]
        A writable array of the shape in the header.

    Raises
    ------
    DataError
        If magic, type, dimensions or length are not those of an IDX file of unsigned bytes.
    """
    shape = _shape(content, file)
    start, size = 4 + 4 * len(shape), math.prod(shape)
    if len(content) != start + size:
        claimed = f"its header describes {start + size} bytes, shape {shape}"
        raise DataError(f"{file}: has {len(content)} bytes, but {claimed}")
    return aligned(np.frombuffer(content, np.uint8, offset=start).reshape(shape))


def _shape(content: bytes, file: str) -> tuple[int, ...]:
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DataError(f"{file}: not an IDX file; it begins with {content[:4].hex() or 'nothing'}")
    kind, dimensions = content[2], content[3]
    if kind != UNSIGNED_BYTE:
        raise DataError(f"{file}: has type 0x{kind:02x}; expected 0x08, unsigned bytes")
    if not 1 <= dimensions <= 4 or len(content) < 4 + 4 * dimensions:
        raise DataError(
            f"{file}: its header of {counted(dimensions, 'dimension')} is incomplete or too long"
        )
    return struct.unpack_from(f">{dimensions}I", content, 4)


def read(path: Path, limit: int = MOST_BYTES) -> NDArray[np.uint8]:
    """Return the array in an IDX file, gzip or not, of at most `limit` bytes unpacked.

    Raises
    ------
    DataError
        If the file cannot be read, unpacks to more, or is not an IDX file of unsigned bytes.
    """
    return decode(contents(path, limit), str(path))


def write(path: Path, values: NDArray[np.uint8]) -> None:
    """Write `values`, uint8 of any shape, as an IDX file; as gzip if its name ends in `.gz`.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    content = encode(values)
    try:
        path.write_bytes(gzip.compress(content, 1, mtime=0) if path.suffix == ".gz" else content)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {reason(error)}") from error


def labelled(
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    source: str,
    class_names: tuple[str, ...] = (),
) -> ImageSet:
    """Return the image set of an array of images and an array of labels, as in MNIST.

    Parameters
    ----------
    images
        (N, H, W) or (N, H, W, C) uint8, 0 to 255.
    labels
        (N,) uint8, 0 to 9.
    source
        One line that describes their origin.
    class_names
        Names of the classes, if known.

    Raises
    ------
    DataError
        If a number of dimensions is wrong, the counts differ, or a label is above 9.
    """
    if images.ndim not in (3, 4) or labels.ndim != 1:
        found = f"{images.ndim} and {counted(labels.ndim, 'dimension')}"
        raise DataError(f"{source}: images and labels have {found}, not 3 and 1")
    if labels.size and labels.max() >= CLASSES:
        raise DataError(f"{source}: label {labels.max()} is above {CLASSES - 1}")
    grey = images[..., np.newaxis] if images.ndim == 3 else images
    return ImageSet(grey, labels.astype(np.int64), source, class_names)
