"""Images averaged over blocks of pixels, so that their sides have at most 32 pixels."""

from __future__ import annotations

import numpy as np

from gankit.evaluation.image_arrays import Float32, Levels

SIDE = 32
"""Images with a longer side are averaged over blocks of pixels."""


def small(images: Levels) -> Float32:
    """Return `(n, inputs)` pixels in [-1, 1], averaged down to at most 32 a side.

    >>> small(np.zeros((2, 64, 48, 3), np.uint8)).shape
    (2, 2304)
    """
    return flat(shrunk(images))


def inputs(shape: tuple[int, ...]) -> int:
    """Return the length of `small`'s rows for images of `shape` (height, width, channels)."""
    height, width, channels = shape
    block = block_of(height, width)
    return -(-height // block) * -(-width // block) * channels


def shrunk(images: Levels) -> Float32:
    """Return `(n, h, w, C)` in [-1, 1], averaged over blocks so that h and w are at most 32.

    If the size is not a multiple of the block, edge pixels are repeated.
    """
    scaled = (images.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
    block = block_of(*images.shape[1:3])
    if block == 1:
        return scaled
    _, height, width, _ = images.shape
    beyond = ((0, 0), (0, -height % block), (0, -width % block), (0, 0))
    padded = np.pad(scaled, beyond, mode="edge")
    n, height, width, channels = padded.shape
    blocks = padded.reshape(n, height // block, block, width // block, block, channels)
    averages: Float32 = blocks.mean((2, 4))
    return averages


def flat(images: Float32) -> Float32:
    """Return `(n, H * W * C)` numbers."""
    return images.reshape(len(images), -1)


def block_of(height: int, width: int) -> int:
    """Return the side of the square blocks that divide an image into at most 32 a side."""
    return -(-max(height, width) // SIDE)
