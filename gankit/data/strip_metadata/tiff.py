"""A TIFF file with only the first directory's entries that the pixels need.

TIFF 6.0 and BigTIFF: a directory is a count, its entries (tag, type, number of values, and the
value or its offset), and the offset of the next directory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from gankit._text import counted
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

BITS, COLOURS, CHANNELS, PLANES, EXTRA = 258, 262, 277, 284, 338
"""Tags: the bits of each channel, the photometric interpretation, the channels of a pixel, whether
they are interleaved (1) or each in a plane of its own (2), and what extra channels mean."""

COLOUR_NAMES = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab"}
"""What the channels mean, by the number of the photometric interpretation."""

WHITE_IS_ZERO, BLACK_IS_ZERO = 0, 1
SEPARATE = 2

FACTS = BITS, COLOURS, CHANNELS, PLANES
"""The tags of the attributes of `Tiff`."""


@dataclass(frozen=True)
class Tiff:
    """Facts of a TIFF file's pixels.

    Attributes
    ----------
    bits
        Bits of the first channel.
    colours
        The photometric interpretation, as the specification numbers it.
    channels
        Channels of a pixel, alpha included.
    planes
        1 if they are interleaved, 2 if each lies in a plane of its own.
    """

    bits: int
    colours: int
    channels: int
    planes: int

    def __str__(self) -> str:
        """Return a text for messages: "2 channels of 16 bits (grey)"."""
        colours = COLOUR_NAMES.get(self.colours, f"photometric interpretation {self.colours}")
        planes = ", each in a plane of its own" if self.planes == SEPARATE else ""
        return f"{counted(self.channels, 'channel')} of {self.bits} bits ({colours}){planes}"


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


def strip(content: BoundedReader) -> tuple[bytes, int, Tiff | None]:
    """Return the file with only the needed entries of its first picture, its orientation and facts.

    The pixels may be anywhere, so the complete file is read. If its directory cannot be read, the
    file is returned unchanged; the decoder handles it. Grey of more than 8 bits whose 0 is white is
    declared as grey whose 0 is black, because Pillow inverts only 8 bits.
    """
    order = SIGNATURES[content[:4]]
    form = BIG if b"+" in content[2:4] else CLASSIC
    try:
        start = _number(content, order + form.place, form.first)
        count = _number(content, order + form.count, start)
        first = start + form.counted
        end = first + count * form.entry
        if end > len(content):
            return content[:], UPRIGHT, None
        block = content[first:end]
        entries = [block[at : at + form.entry] for at in range(0, len(block), form.entry)]
        named = {struct.unpack_from(f"{order}H", entry)[0]: entry for entry in entries}
        tiff = Tiff(*(_first_value(content, named.get(t), order, form) for t in FACTS))
    except (struct.error, OverflowError):
        return content[:], UPRIGHT, None
    if tiff.bits > 8 and tiff.colours == WHITE_IS_ZERO:
        black = struct.pack(f"{order}H", BLACK_IS_ZERO)
        named[COLOURS] = named[COLOURS][: form.value] + black + named[COLOURS][form.value + 2 :]
    needed = [entry for tag, entry in named.items() if tag in PIXELS]
    directory = struct.pack(order + form.count, len(needed)) + b"".join(needed)
    ending = struct.pack(order + form.place, 0)
    filled = (directory + ending).ljust(end - start, b"\0")
    file = content[:start], filled, content[start + len(filled) :]
    return b"".join(file), _orientation(named.get(ORIENTATION), order, form), tiff


def _number(content: BoundedReader, form: str, place: int) -> int:
    """Return the number at an offset; struct.error past the end of the file."""
    found: int = struct.unpack(form, content[place : place + struct.calcsize(form)])[0]
    return found


def _first_value(content: BoundedReader, entry: bytes | None, order: str, form: _Form) -> int:
    """Return the first whole number of an entry; 1, which is TIFF's default, if it is missing."""
    if entry is None:
        return 1
    kind, count = struct.unpack_from(order + "H" + form.place, entry, 2)
    if kind not in WHOLE:
        return 1
    number = order + WHOLE[kind]
    if count * struct.calcsize(number) <= struct.calcsize(form.place):
        return int(struct.unpack_from(number, entry, form.value)[0])
    return _number(content, number, struct.unpack_from(order + form.place, entry, form.value)[0])


def _orientation(entry: bytes | None, order: str, form: _Form) -> int:
    if entry is None:
        return UPRIGHT
    (kind,) = struct.unpack_from(f"{order}H", entry, 2)
    if kind not in WHOLE:
        return UPRIGHT
    return known(struct.unpack_from(order + WHOLE[kind], entry, form.value)[0])
