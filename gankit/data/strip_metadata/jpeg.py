"""A JPEG file without the segments that contain no pixels.

ITU-T T.81 (JPEG), annex B: segments begin with 0xFF and a marker, followed by two bytes of length.
Pixels follow the marker SOS.
"""

from __future__ import annotations

from gankit.data.strip_metadata.bounded_reader import BoundedReader

START = 2
SOS = 0xDA
APPLICATIONS = range(0xE0, 0xF0)
COMMENT = 0xFE
NEEDED = {0xE0: b"JFIF\0", 0xEE: b"Adobe"}
"""Application segments that define the channels: their marker and first bytes."""
EXIF = b"Exif\0\0"


def strip(content: BoundedReader) -> tuple[bytes, bytes]:
    """Return the file without metadata, and its EXIF.

    After a segment of a wrong size, bytes before the next marker are skipped, as decoders do. What
    follows is copied unchanged.
    """
    place, exif, parts = START, list[bytes](), [content[:START]]
    while place + 4 <= len(content):
        mark, marker, *size = content[place : place + 4]
        if mark != 0xFF or marker == SOS:
            break
        if marker == 0xFF:  # Any number of fill bytes may precede a marker.
            place += 1
            continue
        end = place + 2 + int.from_bytes(size, "big")
        if end < place + 4:  # The size counts its own two bytes.
            break
        start = content[place + 4 : min(end, place + 4 + len(EXIF))]
        if marker == 0xE1 and start == EXIF:
            exif.append(content[place + 4 + len(EXIF) : end])
        if _needed(marker, start):
            parts.append(content[place:end])
        place = end
    rest = content.rest(place)
    return b"".join([*parts, rest[max(rest.find(b"\xff"), 0) :]]), b"".join(exif)


def _needed(marker: int, start: bytes) -> bool:
    if marker in NEEDED:
        return start.startswith(NEEDED[marker])
    return marker not in APPLICATIONS and marker != COMMENT
