"""A WebP file without the chunks that contain no pixels.

RFC 9649: a RIFF file, whose chunks are a name, a size in 4 bytes, and the data, padded to an even
number of bytes. VP8X begins with flags for the other chunks.
"""

from __future__ import annotations

from gankit.data.strip_metadata.bounded_reader import BoundedReader
from gankit.data.strip_metadata.exif import MOST_BYTES

HEAD = 12
PIXELS = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
FLAGS = 0b0010_1100
"""The VP8X flags of a profile, EXIF and XMP."""


def strip(content: BoundedReader) -> tuple[bytes, bytes]:
    """Return the file without metadata, and its EXIF."""
    place, exif, parts = HEAD, b"", list[bytes]()
    while place + 8 <= len(content):
        head = content[place : place + 8]
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if not name.decode("latin-1").isprintable():
            break  # Names are ASCII, so neither this nor anything after it is a chunk.
        end = place + 8 + size + size % 2
        if name == b"EXIF" and size <= MOST_BYTES:
            exif = content[place + 8 : place + 8 + size]
        if name in PIXELS:
            chunk = bytearray(content[place:end])
            if name == b"VP8X":
                chunk[8:9] = bytes(flags & ~FLAGS for flags in chunk[8:9])
            parts.append(bytes(chunk))
        place = end
    body = b"".join(parts)
    # The size counts what follows it; a truncated file keeps its declared size.
    cut = max(0, int.from_bytes(content[4:8], "little") + 8 - len(content))
    return b"RIFF" + (len(body) + 4 + cut).to_bytes(4, "little") + b"WEBP" + body, exif
