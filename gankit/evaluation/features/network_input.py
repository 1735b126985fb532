"""The rules by which images become the input of a network in a file: layout, size, levels.

They are fixed here for every network. A network that needs other ones contains them: with a free
height and width it gets the images as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils import stack_level
from gankit.errors import ConfigError
from gankit.evaluation.image_arrays import Levels

VERSION = "input 1"
"""Part of every cache key: change it, and the text of the rules, with what changes an input."""

LAYOUTS = ("NHWC", "NCHW")
CHANNELS = (1, 3)
EXPECTED = "(n, H, W, C) or (n, C, H, W), C 1 or 3, n free, H and W both fixed or both free"


@dataclass(frozen=True)
class NetworkInput:
    """What a network takes.

    Attributes
    ----------
    layout
        "NHWC" or "NCHW".
    channels
        1 or 3.
    size
        Height and width in pixels that every image is resized to; None if the network takes any.
    dtype
        uint8: levels from 0 to 255. float32: real numbers in [-1, 1].
    """

    layout: str
    channels: int
    size: tuple[int, int] | None
    dtype: type[np.uint8] | type[np.float32]

    def __str__(self) -> str:
        """Return the rules as text.

        >>> print(NetworkInput("NCHW", 3, (299, 299), np.uint8))
        NCHW, 3 channels, resized to 299x299 (bilinear, antialiased, rounded), levels from 0 to 255
        """
        size = "in the images' own size"
        if self.size is not None:
            size = "resized to {}x{} (bilinear, antialiased, rounded)".format(*self.size)
        range_ = "levels from 0 to 255" if self.dtype is np.uint8 else "real numbers in [-1, 1]"
        channels = "3 channels" if self.channels == 3 else "1 channel"
        return f"{self.layout}, {channels}, {size}, {range_}"

    def check(self, channels: int, network: str) -> None:
        """Raise ConfigError unless images with so many channels fit; warn if grey is repeated."""
        if channels == self.channels:
            return
        if channels != 1:
            raise ConfigError(
                f"{network}: got images of {channels} channels; expected {self.channels}; give a "
                "network for such images"
            )
        warnings.warn(
            f"{network} takes colour images: each grey image is given as 3 equal channels; its "
            "features may describe grey images badly",
            stacklevel=stack_level.of_user(),
        )

    def __call__(self, images: Levels) -> NDArray[Any]:
        """Return `(n, H, W, C)` uint8 images as the network takes them.

        Sizes are changed first, by Pillow's bilinear filter with half-pixel centres: when an image
        shrinks, the filter widens with it (antialiasing). The proportions of an image are not kept.
        The result is rounded to uint8. Then a grey image is repeated in each channel.
        """
        if self.size is not None:
            images = resized(images, self.size)
        if images.shape[3] == 1 < self.channels:
            images = np.repeat(images, self.channels, axis=3)
        if self.layout == "NCHW":
            images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        if self.dtype is np.uint8:
            return images
        return (images.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)


def network_input(
    shape: Sequence[object], dtype: type[np.uint8] | type[np.float32], network: str
) -> NetworkInput:
    """Return the rules of a network whose input has this shape.

    Parameters
    ----------
    shape
        Length of each axis; anything but a positive int is a free one.
    dtype
        Type of the input.
    network
        Name of the file, for messages.

    Raises
    ------
    ConfigError
        It is not one batch of grey or colour images, or its layout is ambiguous.
    """
    sizes = [axis if isinstance(axis, int) and axis > 0 else None for axis in shape]
    got = "(" + ", ".join("free" if axis is None else str(axis) for axis in sizes) + ")"
    fitting = []
    for layout in LAYOUTS if len(sizes) == 4 else ():
        n, height, width, channels = (sizes[layout.index(axis)] for axis in "NHWC")
        if channels in CHANNELS and n is None and (height is None) == (width is None):
            size = None if height is None or width is None else (height, width)
            fitting.append(NetworkInput(layout, channels, size, dtype))
    if len(fitting) != 1:
        trouble = "; its layout is ambiguous" if fitting else ""
        raise ConfigError(f"{network}: got an input {got}{trouble}; expected {EXPECTED}")
    return fitting[0]


def resized(images: Levels, size: tuple[int, int]) -> Levels:
    """Return `(n, H, W, C)` uint8 images of 1 or 3 channels in another height and width.

    >>> resized(np.array([[[[0], [200]]]], np.uint8), (1, 4)).ravel().tolist()
    [0, 50, 150, 200]
    """
    from PIL import Image

    if images.shape[1:3] == size:
        return images
    height, width = size
    grey = images.shape[3] == 1
    made = np.empty((len(images), height, width, images.shape[3]), np.uint8)
    for number, image in enumerate(images):
        picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if grey else image))
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        made[number] = np.asarray(picture).reshape(made.shape[1:])
    return made
