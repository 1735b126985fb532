"""A WebP file without the chunks that hold no pixels.

RFC 9649: a RIFF file, whose chunks are a name, a size in 4 bytes, and the data, filled up to an
even number of bytes. VP8X begins with flags that say which other chunks there are.
"""

from __future__ import annotations

HEAD = 12
METADATA = {b"ICCP", b"EXIF", b"XMP "}
FLAGS = 0b0010_1100
"""Those of VP8X that say that there are a profile, EXIF and XMP."""


def bare(content: bytes) -> tuple[bytes, bytes]:
    """Return the file without metadata, and its EXIF."""
    view, place, exif, kept = memoryview(content), HEAD, b"", list[bytes]()
    while place + 8 <= len(view):
        name = bytes(view[place : place + 4])
        size = int.from_bytes(view[place + 4 : place + 8], "little")
        data = view[place + 8 : place + 8 + size]
        end = place + 8 + size + size % 2
        if name == b"EXIF":
            exif = bytes(data)
        if name == b"VP8X" and size:
            flags = bytes([data[0] & ~FLAGS])
            kept.append(bytes(view[place : place + 8]) + flags + bytes(view[place + 9 : end]))
        elif name not in METADATA:
            kept.append(bytes(view[place:end]))
        place = end
    body = b"".join(kept)
    # The size counts what stands after it; a file that was cut short keeps the size that it says.
    cut = max(0, int.from_bytes(view[4:8], "little") + 8 - len(view))
    return b"RIFF" + (len(body) + 4 + cut).to_bytes(4, "little") + b"WEBP" + body, exif
