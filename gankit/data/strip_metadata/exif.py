"""Read the orientation from an EXIF block; everything else is ignored.

EXIF is a TIFF file without pixels: a byte order, the offset of a directory, and there a list of
entries, 12 bytes each: tag, type, number of values, and the value.
"""

from __future__ import annotations

import struct

MOST_BYTES = 2**24
"""The most bytes of a block that is read; cameras write some thousands."""
UPRIGHT = 1
ORIENTATION = 0x112
ORDERS = {b"II": "<", b"MM": ">"}
WHOLE = {1: "B", 3: "H", 4: "I"}
"""The types of whole numbers, by their number in TIFF."""


def orientation(block: bytes) -> int:
    """Return the orientation in a block, 1 to 8; 1 if it is missing or cannot be read.

    >>> orientation(bytes.fromhex("4d4d002a00000008 0001 01120003 00000001 00060000"))
    6
    >>> orientation(b"no EXIF")
    1
    """
    block = block.removeprefix(b"Exif\0\0")
    order = ORDERS.get(block[:2])
    if order is None:
        return UPRIGHT
    try:
        (directory,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, directory)
        for place in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(f"{order}HH", block, place)
            if tag == ORIENTATION and kind in WHOLE:
                return known(struct.unpack_from(f"{order}{WHOLE[kind]}", block, place + 8)[0])
    except struct.error:  # The block is too short.
        pass
    return UPRIGHT


def known(value: int) -> int:
    """Return an orientation if it is valid, else 1."""
    return value if UPRIGHT <= value <= 8 else UPRIGHT
