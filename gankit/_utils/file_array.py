"""An array in a .npy file, which reads only the indexed rows.

A memory map does the same, but the process ends by SIGBUS if another process truncates the file.
Here every read is a system call whose result is checked.
"""

from __future__ import annotations

import copy
import math
import os
import weakref
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from gankit._utils import system
from gankit.errors import DataError

CHUNK_BYTES = 2**24
"""Bytes per read of contiguous rows."""
LARGE_ROW_BYTES = 2**16
"""From this row size on, one read per row has negligible overhead."""


class FileArray:
    """A read-only array in a file, in C order.

    It has the part of the array interface that training needs: a shape, a dtype, a length, and rows
    by number, by slice or by an array of numbers. `np.asarray` reads all of it. Returned rows are
    copies in memory.

    Parameters
    ----------
    path
        A .npy file without Python objects.
    file
        The file, if it is open already and may have no name; `path` is for messages then.

    Attributes
    ----------
    shape, dtype
        Shape and type of the array.
    path
        Path of the file when it was opened. The file stays open, so if the path is replaced by
        another file, the rows still come from the first one.
    status
        `os.fstat` of the file when it was opened.

    Raises
    ------
    DataError
        While opening, if the file is in Fortran order or shorter than its header says. While
        reading, if the file was changed since it was opened; the message names it.
    OSError, ValueError, ...
        While opening, if it cannot be read or is not an .npy file: the errors of NumPy's header
        reader.
    """

    def __init__(self, path: Path, file: IO[bytes] | None = None) -> None:
        self.path = path
        with nullcontext(file) if file else path.open("rb") as opened:
            self.shape, fortran, self.dtype = _header(opened)
            self._start = opened.tell()
            self._descriptor = os.dup(opened.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        self._opened: FileArray | None = None  # For a view: keeps the file open.
        self.status = os.fstat(self._descriptor)
        if fortran and self.ndim > 1:
            raise DataError(
                f"{path}: images are in Fortran order, which spreads each image over the complete "
                "file; save np.ascontiguousarray(images)"
            )
        if self.dtype.hasobject:
            raise DataError(f"{path}: cannot be read as npy: it contains Python objects")
        if self.status.st_size < self._start + self.nbytes:
            sizes = f"{self.status.st_size} bytes, but its header describes {self.nbytes}"
            raise DataError(f"{path}: cannot be read as npy: it has {sizes}")

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The number of bytes of all values in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        """Return a copy of the complete array."""
        if copy is False:
            raise ValueError(f"{self.path} is a file: an array of it is always a copy")
        return self[:].astype(dtype or self.dtype, copy=False)

    def __getitem__(self, key: Any) -> NDArray[Any]:  # noqa: ANN401 - any index.
        """Return rows: one by its number, or those of a slice, a list or an array of numbers.

        Any other key indexes the complete array, which is read first.
        """
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                return self._run(start, max(stop - start, 0))
            key = np.arange(start, stop, step)
        if isinstance(key, int | np.integer | list | np.ndarray):
            index = np.asarray(key)
            if index.dtype.kind in "iu" or not index.size:
                return self._rows(index)
        found: NDArray[Any] = self._run(0, len(self))[key]
        return found

    def reshape(self, *shape: int) -> FileArray:
        """Return the same rows, each reshaped to the same number of values."""
        if shape[0] != len(self) or math.prod(shape) != self.size:
            raise ValueError(f"rows of {self.shape} cannot be reshaped to {shape}")
        again = copy.copy(self)
        again.shape, again._opened = shape, self
        return again

    def _run(self, start: int, count: int) -> NDArray[Any]:
        """Return contiguous rows."""
        made = np.empty((count, *self.shape[1:]), self.dtype)
        memory, offset = made.reshape(-1).view(np.uint8), self._start + start * self._row
        for done in range(0, memory.size, CHUNK_BYTES):
            part = memory[done : done + CHUNK_BYTES]
            part[:] = np.frombuffer(self._read([offset + done], part.size), np.uint8)
        self._check()
        return made

    def _rows(self, index: NDArray[Any]) -> NDArray[Any]:
        """Return the rows numbered `index`, in an array that begins with the shape of `index`."""
        numbers = _counted(index.ravel(), len(self))
        if self._row > LARGE_ROW_BYTES:  # One by one, so that no row is in memory twice.
            made = np.empty((len(numbers), *self.shape[1:]), self.dtype)
            for place, number in enumerate(numbers.tolist()):
                made[place] = self._run(number, 1)[0]
            return made.reshape(*index.shape, *self.shape[1:])
        content = self._read((numbers * self._row + self._start).tolist(), self._row)
        self._check()
        return np.frombuffer(content, self.dtype).reshape(*index.shape, *self.shape[1:])

    def _read(self, offsets: list[int], count: int) -> bytearray:
        """Return `count` bytes from each of the offsets; DataError if there are fewer."""
        read, file = system.read_at, self._descriptor
        content = bytearray().join([read(file, count, offset) for offset in offsets])
        if len(content) != count * len(offsets):
            raise self._changed()
        return content

    @property
    def _row(self) -> int:
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    def _check(self) -> None:
        """Raise DataError if the file was written to since it was opened."""
        now = os.fstat(self._descriptor)
        before = self.status
        if now.st_mtime_ns != before.st_mtime_ns or now.st_size != before.st_size:
            raise self._changed()

    def _changed(self) -> DataError:
        return DataError(
            f"{self.path} was changed while it was in use; restore the old file and resume, or "
            "start a new run with the changed file"
        )


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:  # noqa: ANN401
    """Return the shape, whether the order is Fortran's, and the dtype; values follow in `file`."""
    version = npy_format.read_magic(file)
    read = npy_format.read_array_header_1_0
    if version != (1, 0):
        read = npy_format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype


def _counted(index: NDArray[Any], rows: int) -> NDArray[np.int64]:
    """Return row numbers as indices from 0; IndexError if one is out of range."""
    index = index.astype(np.int64)
    if index.size and (index.max() >= rows or index.min() < -rows):
        raise IndexError(f"row {index.min()} or {index.max()} is out of range; there are {rows}")
    return np.where(index < 0, index + rows, index)
