"""Read parts of a picture file, with a limit on their number and total size."""

from __future__ import annotations

import os
from typing import BinaryIO

MOST_BYTES = 2**30
"""The most bytes that are read of a file: about 8 for each pixel of Pillow's safe limit."""

MOST_READS = 2**16
"""The most parts that are read of a file, so that a file of many tiny parts is refused early."""


class TooLarge(Exception):
    """A file needs more than `MOST_BYTES` bytes or `MOST_READS` parts to be read."""


class BoundedReader:
    """Reads an open file: `reader[start:stop]` returns its bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left, self._reads = file, MOST_BYTES, 0
        self._size = file.seek(0, os.SEEK_END)

    def __len__(self) -> int:
        """Return the number of bytes of the file, read or not."""
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        """Return the bytes of a slice; fewer at the end of the file.

        Raises
        ------
        TooLarge
            The total read would exceed `MOST_BYTES` bytes or `MOST_READS` parts.
        OSError
            The bytes cannot be read.
        """
        start, stop, _ = part.indices(self._size)
        count = max(0, stop - start)
        self._reads += 1
        if count > self._left:
            raise TooLarge(
                f"needs more than {MOST_BYTES:,} bytes to be read; save it smaller, or without "
                "metadata"
            )
        if self._reads > MOST_READS:
            raise TooLarge(
                f"has more than {MOST_READS:,} parts, such as chunks; save it again with an image "
                "program, which writes few"
            )
        self._left -= count
        self._file.seek(start)
        found = self._file.read(count)
        if len(found) < count:
            raise OSError("the file became shorter while it was read")
        return found

    def rest(self, offset: int) -> bytes:
        """Return the bytes from an offset on, up to the limit."""
        return self[offset : offset + self._left]
