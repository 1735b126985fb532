"""Collect chunks of images: in memory, or in a file if they are many."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from gankit._utils.file_array import FileArray
from gankit.data import locations
from gankit.data.temporary_files import storing

MEMORY_BYTES = 2**27
"""Images of more bytes are written into a file."""


def collect(chunks: Iterator[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return all images, (N, H, W, C): up to 128 MiB as an array, more as a `FileArray`.

    The file is in gankit's cache folder and has no name, so that its space is free again when the
    images are no longer used, or the process ends in any way.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    parts, size = list[NDArray[np.uint8]](), 0
    for chunk in chunks:
        parts.append(chunk)
        size += chunk.nbytes
        if size > MEMORY_BYTES:
            return _in_file(chain(parts, chunks))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def write(file: IO[bytes], chunks: Iterable[NDArray[np.uint8]]) -> None:
    """Write images into an empty file as one npy array."""
    count, shape = 0, tuple[int, ...]()
    for chunk in chunks:
        if not count:
            shape = chunk.shape[1:]
            _write_header(file, (0, *shape))
        file.write(np.ascontiguousarray(chunk).data)
        count += len(chunk)
    file.seek(0)
    # Only now the number of images is known. NumPy reserves space for it in the header.
    _write_header(file, (count, *shape))


def _in_file(chunks: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    folder = locations.cache()
    with storing(folder / "images"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            write(file, chunks)
            file.flush()
            file.seek(0)
            return cast("NDArray[np.uint8]", FileArray(Path("images from Python"), file))


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    npy_format.write_array_header_1_0(file, header)
