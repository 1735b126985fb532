"""Real images, damaged on purpose: the metrics must respond."""

from __future__ import annotations

import numpy as np


def specks(images, each):
    """Return images with n bright pixels each; if n is below 1, in that fraction of the images."""
    random, found = np.random.default_rng(1), images.copy()
    n, height, width, channels = images.shape
    for _ in range(max(1, round(each))):
        rows = np.flatnonzero(random.random(n) < min(each, 1))
        down, along = (
            random.integers(height, size=len(rows)),
            random.integers(width, size=len(rows)),
        )
        bright = random.integers(120, 256, (len(rows), channels), np.uint8)
        found[rows, down, along] = np.maximum(found[rows, down, along], bright)
    return found


def blurred(images, part):
    """Return images in which each pixel gives `part` of its value to both neighbours on an axis."""
    values = images.astype(np.float64)
    for axis in (1, 2):
        edge = [(int(a == axis),) * 2 for a in range(4)]
        padded, last = np.pad(values, edge, mode="edge"), values.shape[axis]
        before, after = (padded.take(np.arange(last) + step, axis) for step in (0, 2))
        values = part * before + (1 - 2 * part) * values + part * after
    return np.rint(values).astype(np.uint8)


def moved(images, pixels):
    """Return images moved by n pixels."""
    return np.roll(images, pixels, axis=2)


def hardened(images, part):
    """Return images whose contrast is stretched: `part` of their levels become black or white."""
    low, high = 127.5 * part, 255 - 127.5 * part
    stretched = (images.astype(np.float64) - low) * 255 / (high - low)
    return np.rint(np.clip(stretched, 0, 255)).astype(np.uint8)
