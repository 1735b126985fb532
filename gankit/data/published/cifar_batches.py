"""CIFAR-10's binary form: files of labelled images in one gzipped tar archive."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gankit.data.formats.archives import digest, tar_members
from gankit.data.published.checksum import Checksum
from gankit.data.published.files import Arrays

SHAPE = (32, 32, 3)
RECORD = 1 + math.prod(SHAPE)
"""Bytes of one image: its label, then the red, green and blue planes, row by row."""

MOST_UNPACKED_BYTES = 2**28
"""The most bytes that an archive may unpack to; CIFAR-10 has 184 million."""


@dataclass(frozen=True)
class Batches:
    """Files in an archive, read one after the other.

    Attributes
    ----------
    name
        The archive's file name.
    members
        The files' names in it, in the order of their images.
    count
        Images in each file.
    checksum
        Checksum of the archive.
    packed
        Bytes of the archive.
    """

    name: str
    members: tuple[str, ...]
    count: int
    checksum: Checksum
    packed: int

    @property
    def download(self) -> str:
        """Its name at a mirror."""
        return self.name

    @property
    def limit(self) -> int:
        """The most bytes of a download."""
        return self.packed

    def names(self, _npz: str, /) -> tuple[str, ...]:
        """Return its file name on disk."""
        return (self.name,)

    def read(self, path: Path, /) -> Arrays:
        """Return (N, 32, 32, 3) images and (N,) labels if `path` is the published archive.

        Raises
        ------
        DataError
            If it cannot be read or is another file.
        """
        self.checksum.check(digest(path, self.packed), path, self.name)
        images = np.empty((len(self.members), self.count, *SHAPE), np.uint8)
        labels = np.empty(images.shape[:2], np.uint8)
        sizes = dict.fromkeys(self.members, self.count * RECORD)
        for member, content in tar_members(path, sizes, MOST_UNPACKED_BYTES):
            records = np.frombuffer(content, np.uint8).reshape(self.count, RECORD)
            batch = self.members.index(member)
            planes = records[:, 1:].reshape(self.count, 3, 32, 32)
            labels[batch], images[batch] = records[:, 0], planes.transpose(0, 2, 3, 1)
        return images.reshape(-1, *SHAPE), labels.reshape(-1)
