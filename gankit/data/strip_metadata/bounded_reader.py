"""Read only the requested bytes of a picture file."""

from __future__ import annotations

import os
from typing import BinaryIO

MOST_BYTES = 2**30
"""The most bytes that are read of a file: some 8 for each of the pixels that Pillow thinks safe."""

MOST_READS = 2**16
"""The most parts that are read of a file, so that one of many tiny parts is refused soon."""


class TooLarge(Exception):
    """More than `MOST_BYTES` bytes or `MOST_READS` parts of a file would be read."""


class BoundedReader:
    """The bytes of an open file: `content[start:stop]` reads them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left, self._reads = file, MOST_BYTES, 0
        self._size = file.seek(0, os.SEEK_END)

    def __len__(self) -> int:
        """Return the number of bytes of the file, read or not."""
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        """Return some bytes, in order; fewer at the end of the file.

        Raises
        ------
        TooLarge
            The total read would exceed `MOST_BYTES` bytes or `MOST_READS` parts.
        OSError
            They cannot be read.
        """
        start, stop, _ = part.indices(self._size)
        count = max(0, stop - start)
        self._reads += 1
        if count > self._left:
            raise TooLarge(f"needs more than {MOST_BYTES} bytes to be read")
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
