"""Options for the conversion of a user's pictures to images of one shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gankit._utils.field_types import check_fields, fits
from gankit._utils.plain_numbers import plain_numbers
from gankit.errors import ConfigError, shown

Channels = Literal[1, 3]
Fit = Literal["crop", "pad", "stretch"]

CHANNELS: dict[int, Channels] = {1: 1, 3: 3}
"""The numbers of channels to which pictures are converted; others stay as they are."""
MOST_PIXELS = 8192
"""The largest height or width of an image."""


@dataclass(frozen=True)
@plain_numbers
class ImageOptions:
    """How pictures of any size are converted.

    Attributes
    ----------
    size
        Height and width in pixels; None keeps the pictures' size.
    channels
        1 for grey, 3 for colours; None keeps the pictures' channels.
    fit
        How to reach `size`. "crop" scales the picture to cover it and cuts off two sides evenly;
        "pad" keeps the complete picture and adds black bars; "stretch" changes the proportions.
    skip_bad
        Whether to skip pictures that cannot be read.
    images_key, labels_key
        Names of the images and of their labels in an .npz file; None for the usual names.

    Raises
    ------
    ConfigError
        If an option is invalid.
    """

    size: tuple[int, int] | None = None
    channels: Channels | None = None
    fit: Fit = "crop"
    skip_bad: bool = False
    images_key: str | None = None
    labels_key: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.size, list):
            object.__setattr__(self, "size", tuple(self.size))
        if self.size is not None and not _is_size(self.size):
            sides = self.size if isinstance(self.size, tuple) else [shown(self.size)]
            raise ConfigError(
                f"image size: got {' x '.join(map(str, sides))}; expected a height and a width of "
                f"1 to {MOST_PIXELS} pixels"
            )
        check_fields(self, "images")


def _is_size(size: tuple[int, ...]) -> bool:
    """Return whether these are a height and a width."""
    whole = fits(size, tuple[int, ...]) and len(size) == 2
    return whole and all(1 <= side <= MOST_PIXELS for side in size)


def parse_size(text: str) -> tuple[int, int]:
    """Return the height and width in a text, as for `--size`.

    >>> parse_size("64"), parse_size("48x64")
    ((64, 64), (48, 64))

    Raises
    ------
    ConfigError
        If `text` is neither a number nor two with an x between them.
    """
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise ConfigError(f"image size: got {text!r}; expected 64, or height and width as in 48x64")
    height, width = int(sides[0]), int(sides[-1])
    return height, width
