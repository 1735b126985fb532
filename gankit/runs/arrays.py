"""Write images to .npy and .npz files in chunks, with constant memory."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils import atomic_files
from gankit._utils.paths import given
from gankit._utils.storage import writing
from gankit.errors import ConfigError

FORMATS = (".npy", ".npz")
NAME = "images"
"""Name of the array in an .npz file."""


def write(path: str | os.PathLike[str], chunks: Iterable[NDArray[Any]], count: int) -> None:
    """Write images unchanged to an .npy file, or an .npz file under the name `images`.

    Parameters
    ----------
    path
        The file; it is replaced after everything is written, and its folder is created.
    chunks
        Arrays of `(n, height, width, channels)`, all of one dtype.
    count
        Total number of images, at least 1.

    Raises
    ------
    ConfigError
        The path has another suffix, the arrays are not plain numbers of one dtype and shape, or
        their total is not `count`.
    StorageError
        The file could not be written; an existing file is unchanged.
    """
    path = given(path, "path")
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"path: got {path}; expected a {' or '.join(FORMATS)} file")
    atomic_files.make_folder(path.parent)
    with atomic_files.workplace(path) as place, writing(path):
        made = place / path.name
        with _opened(made) as file:
            _write(file, chunks, count)
        atomic_files.publish(made, path)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open the file of one array: the .npy file, or the array's entry in an .npz file."""
    if path.suffix.lower() == ".npy":
        with path.open("wb") as file:
            yield file
        return
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{NAME}.npy", "w", force_zip64=True) as file,
    ):
        yield file


def _write(file: IO[bytes], chunks: Iterable[NDArray[Any]], count: int) -> None:
    """Write the header, which contains the count, and then the chunks."""
    kind, written = None, 0
    for chunk in chunks:
        if kind is None:
            kind = chunk.dtype, chunk.shape[1:]
            _write_header(file, *kind, count)
        if (chunk.dtype, chunk.shape[1:]) != kind:
            other = f"{chunk.dtype} of {chunk.shape[1:]}"
            raise ConfigError(f"images are {kind[0]} of {kind[1]}, but later ones {other}")
        file.write(np.ascontiguousarray(chunk).data)
        written += len(chunk)
    if written != count or not count:
        raise ConfigError(f"got {counted(written, 'image')}; expected {count}, at least 1")


def _write_header(
    file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...], count: int
) -> None:
    if dtype.hasobject:
        raise ConfigError("images are an array of objects; expected an array of numbers")
    header = {"descr": dtype.str, "fortran_order": False, "shape": (count, *shape)}
    npy_format.write_array_header_1_0(file, header)
