"""A TIFF file with only the first directory's entries that the pixels need.

TIFF 6.0 and BigTIFF: a directory is a count, its entries (tag, type, number of values, and the
value or its offset), and the offset of the next directory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from gankit.data.strip_metadata.bounded_reader import BoundedReader
from gankit.data.strip_metadata.exif import ORIENTATION, UPRIGHT, WHOLE, known

SIGNATURES = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
"""The first bytes, and the byte order that they mean."""

PIXELS = {
    254, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 321, 322, 323,
    324, 325, 332, 334, 338, 339, 340, 341, 347, 512, 513, 514, 515, 519, 520, 521, 529, 530, 531,
    532,
}  # fmt: skip
"""Tags for the position, packing and meaning of the pixels."""


@dataclass(frozen=True)
class _Form:
    """The number formats of a file: formats of `struct` and sizes in bytes."""

    first: int
    place: str
    count: str
    counted: int
    entry: int
    value: int


CLASSIC = _Form(4, "I", "H", 2, 12, 8)
BIG = _Form(8, "Q", "Q", 8, 20, 12)


def strip(content: BoundedReader) -> tuple[bytes, int]:
    """Return the file with only the needed entries of its first picture, and its orientation.

    The pixels may be anywhere, so the complete file is read. If its directory cannot be read, the
    file is returned unchanged; the decoder handles it.
    """
    order = SIGNATURES[content[:4]]
    form = BIG if b"+" in content[2:4] else CLASSIC
    try:
        start = _number(content, order + form.place, form.first)
        count = _number(content, order + form.count, start)
        first = start + form.counted
        end = first + count * form.entry
        if end > len(content):
            return content[:], UPRIGHT
        entries = [content[at : at + form.entry] for at in range(first, end, form.entry)]
        tags = [struct.unpack_from(f"{order}H", entry)[0] for entry in entries]
    except (struct.error, OverflowError):
        return content[:], UPRIGHT
    named = dict(zip(tags, entries, strict=True))
    kept = [entry for tag, entry in zip(tags, entries, strict=True) if tag in PIXELS]
    directory = struct.pack(order + form.count, len(kept)) + b"".join(kept)
    ending = struct.pack(order + form.place, 0)
    filled = (directory + ending).ljust(end - start, b"\0")
    file = content[:start], filled, content[start + len(filled) :]
    return b"".join(file), _orientation(named.get(ORIENTATION), order, form)


def _number(content: BoundedReader, form: str, place: int) -> int:
    """Return the number at an offset; struct.error past the end of the file."""
    found: int = struct.unpack(form, content[place : place + struct.calcsize(form)])[0]
    return found


def _orientation(entry: bytes | None, order: str, form: _Form) -> int:
    if entry is None:
        return UPRIGHT
    (kind,) = struct.unpack_from(f"{order}H", entry, 2)
    if kind not in WHOLE:
        return UPRIGHT
    return known(struct.unpack_from(order + WHOLE[kind], entry, form.value)[0])
