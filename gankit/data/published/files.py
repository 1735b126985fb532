"""Files whose contents are published, known by their sums wherever they lie."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gankit._utils.paths import is_file
from gankit.data.formats import idx
from gankit.data.formats.containers import array_bytes, contents, digest
from gankit.data.published.checksum import Checksum
from gankit.errors import DataError

SLACK = 2**16
"""Bytes by which a file that cannot be packed may grow in a container."""

Arrays = tuple[NDArray[np.uint8], ...]


class Published(Protocol):
    """What an archive has to know of a file to find, download and verify it."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    @property
    def download(self) -> str:
        """Its name at a mirror."""
        ...

    @property
    def limit(self) -> int:
        """The most bytes that a download of it may have."""
        ...

    def names(self, npz: str, /) -> tuple[str, ...]:
        """Return the names that it may have on a disk, `npz` among them if it may be an array."""
        ...

    def read(self, path: Path, /) -> Arrays:
        """Return the arrays in `path`, or raise DataError if it does not hold the true bytes."""
        ...


@dataclass(frozen=True)
class PublishedFile:
    """An IDX file that many places hold: plain, as gzip, or as an array in an npz file.

    If only the sum of its gzip file is published, it is taken in that form alone. Another could
    not be told from other data of the same shape: MNIST and its relatives share the names of
    their files and the shapes of their arrays.

    Attributes
    ----------
    name
        The IDX file's name, without `.gz`.
    member
        The array's name in an npz file.
    shape
        The array's shape; its type is uint8.
    checksum
        That of the IDX file, unpacked; of the gzip file if `packed` is given.
    packed
        Bytes of the published gzip file, if it alone has a published sum.
    """

    name: str
    member: str
    shape: tuple[int, ...]
    checksum: Checksum
    packed: int | None = None

    @property
    def size(self) -> int:
        """Bytes of the IDX file, unpacked."""
        return len(idx.header(self.shape)) + math.prod(self.shape)

    @property
    def download(self) -> str:
        """Its name at a mirror."""
        return f"{self.name}.gz"

    @property
    def limit(self) -> int:
        """The most bytes that a download of it may have."""
        return self.packed or self.size + SLACK

    def names(self, npz: str, /) -> tuple[str, ...]:
        """Return the names that it may have on a disk."""
        return (self.download,) if self.packed else (self.name, self.download, npz)

    def read(self, path: Path, /) -> Arrays:
        """Return the array if `path` holds the true bytes.

        Raises
        ------
        DataError
            If it cannot be read or holds others.
        """
        if self.packed:
            self.checksum.check(digest(path, self.packed), path, self.download)
        content = self._content(path)
        if len(content) != self.size:
            raise DataError(f"{path}: holds {len(content)} bytes; {self.name} has {self.size}")
        if not self.packed:
            self.checksum.check(hashlib.sha256(content).hexdigest(), path, self.name)
        return (idx.decode(content, str(path)),)

    def _content(self, path: Path) -> bytes:
        if path.suffix == ".npz":
            header = idx.header(self.shape)
            return header + array_bytes(path, self.member, self.size - len(header))
        return contents(path, self.size)


@dataclass(frozen=True)
class Found:
    """A file on this machine that holds the true bytes, and its arrays."""

    path: Path
    values: Arrays


def search(file: Published, paths: Iterable[Path]) -> tuple[Found | None, list[str]]:
    """Return the first path that holds the true bytes, and why each before it does not."""
    refused: list[str] = []
    for path in paths:
        try:
            return Found(path, file.read(path)), refused
        except DataError as error:
            refused.append(str(error))
    return None, refused


def candidates(file: Published, folders: Iterable[Path], npz: str) -> Iterator[Path]:
    """Yield the files that lie in `folders` and may hold `file`, judged by their names alone.

    `npz` is the name of a file that may hold it as an array.
    """
    for folder in folders:
        for path in (folder / name for name in file.names(npz)):
            # Path.is_file raises where a folder may not be entered.
            if is_file(path):
                yield path
