"""The bytes of a picture file, of which only those that are asked for are read."""

from __future__ import annotations

import os
from typing import BinaryIO

LARGEST = 2**30
"""The most bytes that are read of a file: some 8 for each of the pixels that Pillow thinks safe."""

MOST_READS = 2**16
"""The most parts that are read of a file, so that one of many tiny parts is refused soon."""


class TooLarge(Exception):
    """More than `LARGEST` bytes or `MOST_READS` parts of a file would have to be read."""


class Content:
    """The bytes of an open file: `content[start:stop]` reads these."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left, self._reads = file, LARGEST, 0
        self._size = file.seek(0, os.SEEK_END)

    def __len__(self) -> int:
        """Return how many bytes the file has, whether they are read or not."""
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        """Return some bytes, in order; fewer where the file ends.

        Raises
        ------
        TooLarge
            With those that were read before, they are more than `LARGEST` or `MOST_READS` allow.
        OSError
            They cannot be read.
        """
        start, stop, _ = part.indices(self._size)
        count = max(0, stop - start)
        self._reads += 1
        if count > self._left:
            raise TooLarge(f"needs more than {LARGEST} bytes to be read")
        if self._reads > MOST_READS:
            raise TooLarge(f"has more than {MOST_READS} parts")
        self._left -= count
        self._file.seek(start)
        found = self._file.read(count)
        if len(found) < count:
            raise OSError("the file became shorter while it was read")
        return found

    def rest(self, place: int) -> bytes:
        """Return what comes from a place on, as much of it as may be read."""
        return self[place : place + self._left]
