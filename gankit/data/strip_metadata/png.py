"""A PNG file without the chunks that contain no pixels.

PNG specification, 3rd edition: <https://www.w3.org/TR/png-3/>.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from gankit.data.strip_metadata.bounded_reader import BoundedReader
from gankit.data.strip_metadata.damaged import Damaged
from gankit.data.strip_metadata.exif import MOST_BYTES

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
GREY, COLOUR, PALETTE, GREY_ALPHA = 0, 2, 3, 4


@dataclass(frozen=True)
class Png:
    """Facts of a PNG file's pixels.

    Attributes
    ----------
    depth
        Bits of each channel: 1, 2, 4, 8 or 16.
    colour
        The type of colour, as the specification numbers it.
    clear
        The transparent grey level, or red, green and blue, each of `depth` bits; empty if the file
        has none, or if the pixels have alpha or a palette.
    """

    depth: int
    colour: int
    clear: tuple[int, ...] = ()


def strip(content: BoundedReader) -> tuple[bytes, bytes, Png | None]:
    """Return the file without metadata, its EXIF, and its header's facts.

    A transparent value is removed from the file too.

    Raises
    ------
    Damaged
        A chunk with pixels has a wrong checksum.
    """
    parts, exif, header, clear = [SIGNATURE], b"", None, b""
    for kind, place, end in _chunks(content):
        if not kind and not content[place + 4 : place + 5].islower():  # Lower case: no pixels.
            parts.append(content.rest(place))
        if not (kind in PIXELS or (kind == b"eXIf" and end - place < MOST_BYTES)):
            continue
        chunk = content[place:end]
        data, valid = chunk[8:-4], zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")
        if kind == b"IEND" and not valid:
            continue
        if kind in PIXELS and not valid:
            raise Damaged(f"wrong checksum of {kind.decode()}")
        if kind == b"IHDR" and len(data) == 13:
            header = Png(*struct.unpack_from(">BB", data, 8))
        if kind == b"eXIf" and valid:
            exif = data
        elif kind == b"tRNS" and header and header.colour in (GREY, COLOUR):
            clear = data
        elif kind in PIXELS:
            parts.append(chunk)
    return b"".join(parts), exif, header and _with_clear(header, clear)


def _with_clear(header: Png, clear: bytes) -> Png:
    """Return the header with the transparent value, of which only the lower bits count."""
    channels = 1 if header.colour == GREY else 3
    if len(clear) != 2 * channels:
        return header
    most = 2**header.depth - 1
    values = struct.unpack(f">{channels}H", clear)
    return Png(header.depth, header.colour, tuple(value & most for value in values))


def _chunks(content: BoundedReader) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start and end of each chunk.

    If the file ends within a chunk, the rest comes last, with kind b"".
    """
    place = len(SIGNATURE)
    while place < len(content):
        head = content[place : place + 8]
        end = place + int.from_bytes(head[:4], "big") + 12
        if end > len(content):
            yield b"", place, len(content)
            return
        yield head[4:], place, end
        place = end
