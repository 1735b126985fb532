"""Digits from matplotlib's bundled fonts, which are equal on every machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIZE = 72
"""Pixels along each side of a rendered digit, with its background."""

EM = 48
"""Font size in pixels, small enough for a wide margin around every digit."""

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Oblique",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralItalic",
    "cmmi10",
    "cmr10",
    "cmss10",
    "cmti10",
    "cmtt10",
)
"""Fonts with plain digits; bold fonts have the same strokes, DejaVu's mono has a dotted zero."""

PLAIN_ONES = (
    ("DejaVuSans", "|"),
    ("cmss10", "l"),
    ("STIXGeneralItalic", "/"),
    ("cmti10", "/"),
) * 2
"""Characters like a 1 without a foot: every font's 1 has a foot, but few handwritten ones have."""


def rendered() -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Render every digit of every font, and the ones without a foot.

    Returns
    -------
    masks
        (F, SIZE, SIZE) bool, true for ink, each digit centered.
    digits
        (F,) int64, 0 to 9: which digit each mask shows.
    """
    characters = [(font, str(digit), digit) for font in FONTS for digit in range(10)]
    characters += [(font, stroke, 1) for font, stroke in PLAIN_ONES]
    masks = np.stack([_mask(font, character) for font, character, _ in characters])
    return masks, np.array([digit for _, _, digit in characters], np.int64)


def font_file(name: str) -> Path:
    """Return the path of one of matplotlib's own fonts."""
    import matplotlib as mpl

    return Path(mpl.get_data_path(), "fonts", "ttf", f"{name}.ttf")


def _mask(name: str, character: str) -> NDArray[np.bool_]:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(font_file(name), EM, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = font.getbbox(character)
    corner = ((SIZE - left - right) / 2, (SIZE - top - bottom) / 2)
    image = Image.new("L", (SIZE, SIZE))
    ImageDraw.Draw(image).text(corner, character, font=font, fill=255)
    return np.asarray(image) > 127
