"""Sources that are computed from the images themselves, always the same.

edges   white where the grey levels change, black elsewhere: the outlines of what is shown
grey    the luma of ITU-R 601-2, as of pictures
masked  the image with its middle, half as high and wide, in mid-grey
shrunk  the image at a quarter of its height and width, each pixel the mean of 16
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.errors import DataError

Levels = NDArray[np.uint8]
EDGE = 255
"""The least gradient of an edge, by Sobel's operator, whose largest is 1,020 along a side."""
MASK_LEVEL = 128
SHRINK = 4
CHUNK = 1024
"""Images that are computed at a time."""


def edges(images: Levels) -> Levels:
    """Return `(n, H, W, 1)`: 255 where Sobel's gradient of the grey levels is large, else 0."""
    padded = np.pad(grey(images)[..., 0].astype(np.int32), ((0, 0), (1, 1), (1, 1)), "edge")
    smooth_rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    smooth_columns = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    across = smooth_rows[:, :, 2:] - smooth_rows[:, :, :-2]
    down = smooth_columns[:, 2:] - smooth_columns[:, :-2]
    large = across**2 + down**2 >= EDGE**2
    return np.where(large, 255, 0).astype(np.uint8)[..., np.newaxis]


def grey(images: Levels) -> Levels:
    """Return `(n, H, W, 1)`, the luma of colour images; grey ones unchanged."""
    if images.shape[3] == 1:
        return images
    if images.shape[3] != 3:
        raise DataError(
            f"images of {images.shape[3]} channels have no grey levels; expected 1 or 3"
        )
    red, green, blue = np.moveaxis(images.astype(np.uint32), 3, 0)
    luma = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    made: Levels = luma.astype(np.uint8)[..., np.newaxis]
    return made


def masked(images: Levels) -> Levels:
    """Return the images with their middle in mid-grey."""
    made = images.copy()
    height, width = (side // 4 for side in images.shape[1:3])
    made[:, height : images.shape[1] - height, width : images.shape[2] - width] = MASK_LEVEL
    return made


def shrunk(images: Levels) -> Levels:
    """Return `(n, H / 4, W / 4, C)`, the rounded means of squares of 4 by 4 pixels."""
    n, height, width, channels = images.shape
    if height % SHRINK or width % SHRINK:
        raise DataError(
            f"images of {height}x{width} cannot be shrunk by {SHRINK}; expected sides that "
            f"{SHRINK} divides"
        )
    squares = (n, height // SHRINK, SHRINK, width // SHRINK, SHRINK, channels)
    sums = images.reshape(squares).astype(np.uint32).sum(axis=(2, 4))
    made: Levels = ((sums + SHRINK**2 // 2) // SHRINK**2).astype(np.uint8)
    return made


DERIVED: dict[str, Callable[[Levels], Levels]] = {
    "edges": edges,
    "grey": grey,
    "masked": masked,
    "shrunk": shrunk,
}
"""The kinds, by name."""


class DerivedImages:
    """The sources of images in a file, computed when they are read.

    It has the part of the array interface that `gankit._utils.file_array.FileArray` has.
    """

    def __init__(self, images: Any, kind: str) -> None:  # noqa: ANN401 - an array or a file.
        self._images, self._made = images, DERIVED[kind]
        self.shape: tuple[int, ...] = (len(images), *self._made(np.asarray(images[:1])).shape[1:])
        self.dtype = np.dtype(np.uint8)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """The number of bytes of all values."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        """Return the number of images."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> Levels:  # noqa: ANN401 - any index.
        """Return some of the sources; a number gives one."""
        found = np.asarray(self._images[key])
        flat = found.reshape(-1, *found.shape[-3:])
        return self._made(flat).reshape(*found.shape[:-3], *self.shape[1:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        """Return all of them."""
        if copy is False:
            raise ValueError("derived sources are computed: an array of them is always a copy")
        return self[:].astype(dtype or self.dtype, copy=False)


def derived(images: Any, kind: str) -> NDArray[np.uint8]:  # noqa: ANN401 - an array or a file.
    """Return the sources of a `kind` for `(N, H, W, C)` uint8 images; DataError if there are none.

    Those of images in a file are computed when they are read.
    """
    if not isinstance(images, np.ndarray):
        return DerivedImages(images, kind)  # type: ignore[return-value]
    made = DERIVED[kind]
    parts = [made(images[start : start + CHUNK]) for start in range(0, len(images), CHUNK)]
    return np.concatenate(parts)
