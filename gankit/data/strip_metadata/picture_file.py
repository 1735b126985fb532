"""Identify a picture file's format by its first bytes, and remove its metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from gankit.data.strip_metadata import jpeg, png, tiff, webp
from gankit.data.strip_metadata.bounded_reader import BoundedReader
from gankit.data.strip_metadata.exif import orientation
from gankit.data.strip_metadata.png import Png
from gankit.data.strip_metadata.tiff import Tiff

KINDS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jfif"),
    "WebP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
}
"""The supported formats, each with its file endings."""

BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}
"""Sizes in bytes of a BMP file's header, to distinguish it from text that begins with BM."""


@dataclass(frozen=True)
class StrippedFile:
    """A picture file without its metadata.

    Attributes
    ----------
    kind
        One of `KINDS`.
    content
        The file without its metadata.
    orientation
        How to turn the pixels, 1 to 8 as in EXIF; 1 if unknown.
    png
        Depth and transparency, if it is a PNG file.
    tiff
        Bits, colours and channels, if it is a TIFF file with a readable directory.
    """

    kind: str
    content: bytes
    orientation: int = 1
    png: Png | None = None
    tiff: Tiff | None = None


def strip_metadata(file: BinaryIO) -> StrippedFile | None:
    """Return a picture file without its metadata; None if its format is unknown.

    Its first bytes decide the format. Metadata of any size is not read; only TIFF files are read
    completely.

    Parameters
    ----------
    file
        An open file, at any position.

    Raises
    ------
    Damaged
        The pixels cannot be read reliably: a checksum of a PNG file's pixels is wrong.
    TooLarge
        More bytes are needed than the limit.
    OSError
        The file cannot be read.
    """
    content = BoundedReader(file)
    head = content[:18]
    if head.startswith(png.SIGNATURE):
        stripped, exif, header = png.strip(content)
        return StrippedFile("PNG", stripped, orientation(exif), header)
    if head.startswith(b"\xff\xd8\xff"):
        stripped, exif = jpeg.strip(content)
        return StrippedFile("JPEG", stripped, orientation(exif))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        stripped, exif = webp.strip(content)
        return StrippedFile("WebP", stripped, orientation(exif))
    if head[:4] in tiff.SIGNATURES:
        stripped, turn, facts = tiff.strip(content)
        return StrippedFile("TIFF", stripped, turn, tiff=facts)
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return StrippedFile("GIF", content.rest(0))
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        return StrippedFile("BMP", content.rest(0))
    return None
