"""A JPEG file without the segments that hold no pixels.

ITU-T T.81 (JPEG), annex B: segments begin with 0xFF and a marker, and two bytes say how long each
is. After the marker SOS come pixels.
"""

from __future__ import annotations

START = 2
SOS = 0xDA
APPLICATIONS = range(0xE0, 0xF0)
COMMENT = 0xFE
NEEDED = {0xE0: b"JFIF\0", 0xEE: b"Adobe"}
"""Segments of applications that say what the channels mean: their marker and how they begin."""
EXIF = b"Exif\0\0"


def bare(content: bytes) -> tuple[bytes, bytes]:
    """Return the file without metadata, and its EXIF.

    From where the file is not made of segments, it is left as it is: a decoder decides.
    """
    view, place, exif = memoryview(content), START, list[bytes]()
    kept = [view[:START]]
    while place + 4 <= len(view) and view[place] == 0xFF and view[place + 1] != SOS:
        marker = view[place + 1]
        if marker == 0xFF:  # Any number of these may stand before a marker.
            place += 1
            continue
        size = int.from_bytes(view[place + 2 : place + 4], "big")
        if size < 2:  # It counts its own two bytes.
            break
        end = place + 2 + size
        data = bytes(view[place + 4 : end])
        if marker == 0xE1 and data.startswith(EXIF):
            exif.append(data.removeprefix(EXIF))
        if _needed(marker, data):
            kept.append(view[place:end])
        place = end
    return b"".join([*kept, view[place:]]), b"".join(exif)


def _needed(marker: int, data: bytes) -> bool:
    if marker in NEEDED:
        return data.startswith(NEEDED[marker])
    return marker not in APPLICATIONS and marker != COMMENT
