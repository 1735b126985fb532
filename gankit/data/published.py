"""A file whose contents are published, known by their SHA-256 wherever and however they lie."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit.data import idx
from gankit.data.containers import array_bytes, contents
from gankit.errors import DataError


@dataclass(frozen=True)
class PublishedFile:
    """An IDX file that many places hold: plain, as gzip, or as an array in an npz file.

    Attributes
    ----------
    name
        The IDX file's name, without `.gz`.
    member
        The array's name in an npz file.
    shape
        The array's shape; its type is uint8.
    sha256
        The sum of the IDX file, unpacked, in hexadecimal.
    """

    name: str
    member: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def size(self) -> int:
        """Bytes of the IDX file, unpacked."""
        return len(idx.header(self.shape)) + math.prod(self.shape)

    def read(self, path: Path) -> NDArray[np.uint8]:
        """Return the array if `path`, a file of any of the three kinds, holds the true bytes.

        Raises
        ------
        DataError
            If it cannot be read or holds others.
        """
        content = self._content(path)
        if len(content) != self.size:
            raise DataError(f"{path}: holds {len(content)} bytes; {self.name} has {self.size}")
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            told = f"SHA-256 {found[:12]}…, not {self.sha256[:12]}…"
            raise DataError(f"{path}: its contents are not {self.name} ({told})")
        return idx.decode(content, str(path))

    def _content(self, path: Path) -> bytes:
        if path.suffix == ".npz":
            header = idx.header(self.shape)
            return header + array_bytes(path, self.member, self.size - len(header))
        return contents(path, self.size)


@dataclass(frozen=True)
class Found:
    """A file on this machine that holds the true bytes, and its array."""

    path: Path
    values: NDArray[np.uint8]


def search(file: PublishedFile, paths: Iterable[Path]) -> tuple[Found | None, list[str]]:
    """Return the first path that holds the true bytes, and why each before it does not."""
    refused: list[str] = []
    for path in paths:
        try:
            return Found(path, file.read(path)), refused
        except DataError as error:
            refused.append(str(error))
    return None, refused


def candidates(file: PublishedFile, folders: Iterable[Path], npz: str) -> Iterator[Path]:
    """Yield the files that lie in `folders` and may hold `file`, judged by their names alone.

    `npz` is the name of a file that may hold it as an array.
    """
    for folder in folders:
        for path in (folder / file.name, folder / f"{file.name}.gz", folder / npz):
            # Path.is_file raises where a folder may not be entered.
            if os.path.isfile(path):  # noqa: PTH113
                yield path
