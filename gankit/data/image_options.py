"""Options for the conversion of a user's pictures to images of one shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from gankit.errors import ConfigError, UnknownName

Channels = Literal[1, 3]
Fit = Literal["crop", "pad", "stretch"]

CHANNELS: dict[int, Channels] = {1: 1, 3: 3}
"""The numbers of channels to which pictures are converted; others stay as they are."""
MOST_PIXELS = 8192
"""The largest height or width of an image."""


@dataclass(frozen=True)
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
        if self.size and not all(1 <= side <= MOST_PIXELS for side in self.size):
            size = " x ".join(map(str, self.size))
            raise ConfigError(
                f"image size: got {size}; expected sides of 1 to {MOST_PIXELS} pixels"
            )
        if self.channels not in (None, *get_args(Channels)):
            raise ConfigError(f"channels: got {self.channels}; expected 1 (grey) or 3 (colour)")
        if self.fit not in get_args(Fit):
            raise UnknownName("fit", self.fit, get_args(Fit))


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
