"""Resize the images of a data set, and change their channels."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from gankit.data.dataset import ImageSet
from gankit.data.formats.picture import fitted
from gankit.data.image_options import Channels, Fit, ImageOptions
from gankit.errors import DataError


def with_channels(data: ImageSet, channels: Channels) -> ImageSet:
    """Return the data set in grey or colour; unchanged if the images have these channels.

    Grey is the luma of ITU-R 601-2, as for pictures; colours of grey images are equal.

    Raises
    ------
    DataError
        The images have neither 1 nor 3 channels.
    """
    from PIL import Image

    found = data.images.shape[3]
    if found == channels:
        return data
    if found not in (1, 3):
        raise DataError(f"{data.source}: got {found} channels; expected 1 or 3; remove --channels")
    if channels == 3:
        made = np.repeat(np.asarray(data.images), 3, axis=3)
    else:
        grey = [np.asarray(Image.fromarray(np.asarray(one)).convert("L")) for one in data.images]
        made = np.stack(grey)[..., np.newaxis]
    kind = "grey" if channels == 1 else "colour"
    return dataclasses.replace(data, images=made, source=f"{data.source}, in {kind}")


def resized(data: ImageSet, size: tuple[int, int], fit: Fit = "crop") -> ImageSet:
    """Return the data set with every image resized; unchanged if the images have the size.

    Parameters
    ----------
    data
        Images with any number of channels. The result is in memory, one byte per value.
    size
        Height and width in pixels.
    fit
        As in `ImageOptions`.
    """
    if data.images.shape[1:3] == size:
        return data
    height, width = size
    made = np.empty((len(data), height, width, data.images.shape[3]), np.uint8)
    for number in range(len(data)):
        made[number] = _resized(np.asarray(data.images[number]), size, fit)
    source = f"{data.source}, resized to {height}x{width} ({fit})"
    return dataclasses.replace(data, images=made, source=source)


def converted(image: NDArray[np.uint8], options: ImageOptions) -> NDArray[np.uint8]:
    """Return one image of `(H, W, C)` with the size and channels of `options`."""
    data = ImageSet(image[np.newaxis], None, "images")
    if options.channels:
        data = with_channels(data, options.channels)
    if options.size:
        data = resized(data, options.size, options.fit)
    made: NDArray[np.uint8] = data.images[0]
    return made


def _resized(image: NDArray[np.uint8], size: tuple[int, int], fit: Fit) -> NDArray[np.uint8]:
    """Resize an image of `(H, W, channels)` to `size`, channel by channel."""
    from PIL import Image

    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(image, 2, 0)]
    return np.stack([np.asarray(fitted(plane, size, fit)) for plane in planes], axis=2)
