"""A JPEG file without the segments that hold no pixels.

ITU-T T.81 (JPEG), annex B: segments begin with 0xFF and a marker, and two bytes say how long each
is. After the marker SOS come pixels.
"""

from __future__ import annotations

from gankit.data.bare.content import Content

START = 2
SOS = 0xDA
APPLICATIONS = range(0xE0, 0xF0)
COMMENT = 0xFE
NEEDED = {0xE0: b"JFIF\0", 0xEE: b"Adobe"}
"""Segments of applications that say what the channels mean: their marker and how they begin."""
EXIF = b"Exif\0\0"


def bare(content: Content) -> tuple[bytes, bytes]:
    """Return the file without metadata, and its EXIF.

    From where the file is not made of segments, it is left as it is: a decoder decides.
    """
    place, exif, kept = START, list[bytes](), [content[:START]]
    while place + 4 <= len(content):
        mark, marker, *size = content[place : place + 4]
        if mark != 0xFF or marker == SOS:
            break
        if marker == 0xFF:  # Any number of these may stand before a marker.
            place += 1
            continue
        end = place + 2 + int.from_bytes(size, "big")
        if end < place + 4:  # The size counts its own two bytes.
            break
        start = content[place + 4 : min(end, place + 4 + len(EXIF))]
        if marker == 0xE1 and start == EXIF:
            exif.append(content[place + 4 + len(EXIF) : end])
        if _needed(marker, start):
            kept.append(content[place:end])
        place = end
    return b"".join([*kept, content.rest(place)]), b"".join(exif)


def _needed(marker: int, start: bytes) -> bool:
    if marker in NEEDED:
        return start.startswith(NEEDED[marker])
    return marker not in APPLICATIONS and marker != COMMENT
