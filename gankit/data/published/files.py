"""Files with published contents, identified by their checksums."""

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
from gankit.data.formats.archives import array_bytes, contents, digest
from gankit.data.published.checksum import Checksum
from gankit.errors import DataError

SLACK_BYTES = 2**16
"""Bytes by which an incompressible file may grow in a container."""

Arrays = tuple[NDArray[np.uint8], ...]


class Published(Protocol):
    """A file that an archive can find, download and verify."""

    @property
    def name(self) -> str:
        """Its name in messages."""
        ...

    @property
    def download(self) -> str:
        """Its name at a mirror."""
        ...

    @property
    def limit(self) -> int:
        """The most bytes of a download."""
        ...

    def names(self, npz: str, /) -> tuple[str, ...]:
        """Return its file names on disk, with `npz` if it may be an array in it."""
        ...

    def read(self, path: Path, /) -> Arrays:
        """Return the arrays in `path`; DataError if it does not have the published content."""
        ...


@dataclass(frozen=True)
class PublishedFile:
    """An IDX file: plain, as gzip, or as an array in an npz file.

    If only the checksum of its gzip file is published, only that form is accepted. Other forms
    cannot be distinguished from other data: MNIST and similar data sets have the same file names
    and array shapes.

    Attributes
    ----------
    name
        The IDX file's name, without `.gz`.
    member
        The array's name in an npz file.
    shape
        The array's shape; its type is uint8.
    checksum
        Checksum of the unpacked IDX file; of the gzip file if `packed` is given.
    packed
        Bytes of the published gzip file, if only that has a published checksum.
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
        """The most bytes of a download."""
        return self.packed or self.size + SLACK_BYTES

    def names(self, npz: str, /) -> tuple[str, ...]:
        """Return its file names on disk."""
        return (self.download,) if self.packed else (self.name, self.download, npz)

    def read(self, path: Path, /) -> Arrays:
        """Return the array if `path` has the published content.

        Raises
        ------
        DataError
            If it cannot be read or has another content.
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
    """A file on this machine with the published content, and its arrays."""

    path: Path
    values: Arrays


def search(file: Published, paths: Iterable[Path]) -> tuple[Found | None, list[str]]:
    """Return the first path with the published content, and the errors of the paths before it."""
    refused: list[str] = []
    for path in paths:
        try:
            return Found(path, file.read(path)), refused
        except DataError as error:
            refused.append(str(error))
    return None, refused


def candidates(file: Published, folders: Iterable[Path], npz: str) -> Iterator[Path]:
    """Yield the files in `folders` whose names `file` may have.

    `npz` is the name of an npz file that may contain it as an array.
    """
    for folder in folders:
        for path in (folder / name for name in file.names(npz)):
            # Path.is_file raises for a folder without access.
            if is_file(path):
                yield path
