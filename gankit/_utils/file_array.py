"""An array in a .npy file, of which only the rows that are asked for are read.

A mapped file does the same, but ends the process by SIGBUS if another process cuts the file short.
Here every read is a system call whose result is checked.
"""

from __future__ import annotations

import copy
import math
import os
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from gankit.errors import DataError

PART = 2**24
"""Bytes that are read at once where many lie together."""
LARGE = 2**16
"""Bytes of a row from which on a call for each costs nothing beside the reading."""
_seeking = threading.Lock()


class FileArray:
    """A read-only array that lies in a file, in C order.

    It has what an array is asked for where images are looked up: a shape, a dtype, a length, and
    rows by number, by slice or by an array of numbers. `np.asarray` reads all of it. Every row that
    is returned is a copy in memory.

    Parameters
    ----------
    path
        A .npy file, of no Python objects.

    Attributes
    ----------
    shape, dtype
        Those of the array.
    path
        Where the file was when it was opened. The file stays open: if another takes its name, the
        rows are still those of the first.
    status
        What `os.fstat` said of the file when it was opened.

    Raises
    ------
    DataError
        While opening, if the file is in Fortran order or shorter than its header says. While
        reading, if the file was changed since it was opened; the message names it.
    OSError, ValueError, ...
        While opening, if it cannot be read or is no .npy file: what NumPy's reader of headers
        raises.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self.shape, fortran, self.dtype = _header(file)
            self._start = file.tell()
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        self._opened: FileArray | None = None  # Of a view: what keeps the file open.
        self.status = os.fstat(self._descriptor)
        if fortran and self.ndim > 1:
            raise DataError(
                f"{path}: images are in Fortran order, where each image is spread over the whole "
                "file; save np.ascontiguousarray(images)"
            )
        if self.dtype.hasobject:
            raise DataError(f"{path}: cannot be read as npy: it holds Python objects")
        if self.status.st_size < self._start + self.nbytes:
            told = f"{self.status.st_size} bytes, and its header tells of {self.nbytes} of numbers"
            raise DataError(f"{path}: cannot be read as npy: it has {told}")

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of numbers."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes of all numbers, as they would be in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        """Read all of it."""
        if copy is False:
            raise ValueError(f"{self.path} lies in a file: an array of it is always a copy")
        return self[:].astype(dtype or self.dtype, copy=False)

    def __getitem__(self, key: Any) -> NDArray[Any]:  # noqa: ANN401 - whatever indexes an array.
        """Return rows: one by its number, or those of a slice, a list or an array of numbers.

        Any other key is that of the whole array, which is read for it.
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
        """Return the same rows, each in another shape of as many numbers."""
        if shape[0] != len(self) or math.prod(shape) != self.size:
            raise ValueError(f"rows of {self.shape} cannot become those of {shape}")
        again = copy.copy(self)
        again.shape, again._opened = shape, self
        return again

    def _run(self, start: int, count: int) -> NDArray[Any]:
        """Return rows that lie one after the other."""
        made = np.empty((count, *self.shape[1:]), self.dtype)
        memory, offset = made.reshape(-1).view(np.uint8), self._start + start * self._row
        for done in range(0, memory.size, PART):
            part = memory[done : done + PART]
            part[:] = np.frombuffer(self._read([offset + done], part.size), np.uint8)
        self._check()
        return made

    def _rows(self, index: NDArray[Any]) -> NDArray[Any]:
        """Return the rows of those numbers, in an array that begins with the shape of `index`."""
        numbers = _counted(index.ravel(), len(self))
        if self._row > LARGE:  # One after the other, so that no row is held twice.
            made = np.empty((len(numbers), *self.shape[1:]), self.dtype)
            for place, number in enumerate(numbers.tolist()):
                made[place] = self._run(number, 1)[0]
            return made.reshape(*index.shape, *self.shape[1:])
        content = self._read((numbers * self._row + self._start).tolist(), self._row)
        self._check()
        return np.frombuffer(content, self.dtype).reshape(*index.shape, *self.shape[1:])

    def _read(self, offsets: list[int], count: int) -> bytearray:
        """Return `count` bytes from each of the offsets; fewer are an error."""
        descriptor = self._descriptor
        content = bytearray().join([_pread(descriptor, count, offset) for offset in offsets])
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
            f"{self.path} was changed while it was in use; put the old file back and go on, "
            "or start a new run on the new one"
        )


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:  # noqa: ANN401
    """Return shape, whether it is in Fortran order, and dtype; what follows are the numbers."""
    version = npy_format.read_magic(file)
    read = npy_format.read_array_header_1_0
    if version != (1, 0):
        read = npy_format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype


def _counted(index: NDArray[Any], rows: int) -> NDArray[np.int64]:
    """Return numbers of rows counted from 0 on; IndexError where there is no such row."""
    index = index.astype(np.int64)
    if index.size and (index.max() >= rows or index.min() < -rows):
        raise IndexError(f"there is no row {index.max()} or {index.min()}; there are {rows}")
    return np.where(index < 0, index + rows, index)


def _seek_and_read(descriptor: int, count: int, offset: int) -> bytes:
    """Return bytes from there on, where a system cannot read so in one call."""
    with _seeking:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, count)


_pread = getattr(os, "pread", _seek_and_read)
