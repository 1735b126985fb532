"""Images as arrays in files, written some at a time: however many there are, memory stays flat."""

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

from gankit.errors import ConfigError
from gankit.runs import atomic
from gankit.runs.storage import writing

FORMATS = (".npy", ".npz")
NAME = "images"
"""Of the array inside an .npz file."""


def write(path: str | os.PathLike[str], chunks: Iterable[NDArray[Any]], count: int) -> None:
    """Write images as they are to an .npy file, or an .npz file under the name `images`.

    Parameters
    ----------
    path
        The file, replaced once all is written; its folder is made.
    chunks
        `(n, height, width, channels)` each, all of one dtype, one after the other.
    count
        How many images that makes, more than none.

    Raises
    ------
    ConfigError
        The path ends otherwise, or the arrays hold no plain numbers.
    StorageError
        It could not be written; what was there still is.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        *most, last = FORMATS
        raise ConfigError(
            f"arrays are written to {', '.join(most)} or {last} files, not to {path.suffix!r}"
        )
    atomic.make_folder(path.parent)
    with atomic.workplace(path) as place, writing(path):
        made = place / path.name
        with _opened(made) as file:
            _write(file, iter(chunks), count)
        atomic.publish(made, path)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open the file of one array: the .npy file itself, or that inside an .npz file."""
    if path.suffix.lower() == ".npy":
        with path.open("wb") as file:
            yield file
        return
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{NAME}.npy", "w", force_zip64=True) as file,
    ):
        yield file


def _write(file: IO[bytes], chunks: Iterator[NDArray[Any]], count: int) -> None:
    """Write the header, which says how many come, and then what comes."""
    first = next(chunks)
    if first.dtype.hasobject:
        raise ConfigError("an array of objects would need pickle, which gankit never writes")
    shape = (count, *first.shape[1:])
    about = {"descr": first.dtype.str, "fortran_order": False, "shape": shape}
    npy_format.write_array_header_1_0(file, about)
    file.write(np.ascontiguousarray(first).data)
    for chunk in chunks:
        file.write(np.ascontiguousarray(chunk, first.dtype).data)
