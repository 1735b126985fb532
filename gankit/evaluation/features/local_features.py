"""Local features: how strongly small patterns occur in an image, at any position.

A classifier learns to ignore what does not change the class, and the first principal components
ignore what has little variance: neither measures specks, noise or blur. These features do. Filters
are the principal components of the data's own patches of 3 x 3 pixels, each divided by its standard
deviation, so that rare patterns have more weight (whitened patches: Coates, Lee & Ng 2011, §3.2).
The features of a filter are the mean absolute response and the standard deviation of its responses
over an image (statistics of textures: Portilla & Simoncelli 2000, §2).

These statistics are correlated, so they are whitened too: each feature is a direction of them,
divided by its standard deviation over real images. A hyperbolic tangent bounds each. Otherwise one
fault of texture, such as hard edges, would outweigh all faults of shape, and a run with improving
shapes would get worse values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.evaluation.chunks import chunks
from gankit.evaluation.features.shrunk_images import block_of
from gankit.evaluation.image_arrays import Float32, Levels, Real

SIDE = 3
"""Side of a patch, in pixels."""

MOST_CHANNELS = 4
"""Images with more channels are averaged over their channels first."""

MOST_IMAGES = 10_000
"""Images that the filters are computed from, at most, evenly spaced."""

CHUNK = 128
"""Images processed together."""

GREY_LEVEL = (2 / 255) ** 2
"""The variance of one grey level: smaller variances are not amplified."""

LEAST_DEVIATION = 0.02
"""Least standard deviation of a statistic over real images."""

LEAST_VARIANCE = 1e-2
"""Least variance of a direction of the standardised statistics."""

WEIGHT = 0.4
"""The bound of a local feature, as a fraction of the other features' standard deviation."""


def count(channels: int) -> int:
    """Return the number of features for so many channels: 18 in grey, 54 in colour."""
    return 2 * _filters(channels)


def shapes(channels: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array of `fit`, by name."""
    filters = _filters(channels)
    return {
        "local.mean": (filters,),
        "local.filters": (filters, filters),
        "local.centre": (2 * filters,),
        "local.directions": (2 * filters, 2 * filters),
        "local.bound": (1,),
    }


def fit(images: Levels, variance: float) -> State:
    """Compute the filters from real images.

    Parameters
    ----------
    images
        `(N, H, W, C)` uint8, of any size; may be mapped from a file.
    variance
        Mean variance over real images of the other features.

    Returns
    -------
    State
        Float32 arrays, as `shapes` names them.
    """
    sample = images[np.linspace(0, len(images) - 1, min(len(images), MOST_IMAGES)).astype(np.int64)]
    mean, covariance = _moments(sample)
    values, directions = np.linalg.eigh(covariance)
    filters = directions / np.sqrt(np.maximum(values, 0) + GREY_LEVEL)
    state = {"local.mean": mean.astype(np.float32), "local.filters": filters.astype(np.float32)}
    raw = _statistics(state, sample).astype(np.float64)
    return state | {
        "local.centre": raw.mean(0).astype(np.float32),
        "local.directions": _whitening(raw).astype(np.float32),
        "local.bound": np.array([WEIGHT * np.sqrt(variance)], np.float32),
    }


def features(state: State, images: Levels) -> Float32:
    """Return the `(n, count)` features of `(n, H, W, C)` images, each within the bound."""
    whitened = (_statistics(state, images) - state["local.centre"]) @ state["local.directions"]
    bounded: Float32 = np.tanh(whitened) * state["local.bound"]
    return bounded


def _whitening(raw: Real) -> Real:
    """Return the `(d, d)` matrix that makes `(n, d)` statistics uncorrelated, of variance 1.

    Directions with little variance are amplified by 10 at most, and by less if there are few
    images to estimate their variance from.
    """
    deviations = np.maximum(raw.std(0), LEAST_DEVIATION)
    n, width = raw.shape
    centred = (raw - raw.mean(0)) / deviations
    values, directions = np.linalg.eigh(centred.T @ centred / n)
    directions /= np.sqrt(np.maximum(values, max(LEAST_VARIANCE, width / n)))
    matrix: Real = directions / deviations[:, np.newaxis]
    return matrix


def _statistics(state: State, images: Levels) -> Float32:
    """Return for each filter the mean absolute response and the deviation of the responses."""
    found = []
    for part in chunks(len(images), CHUNK):
        responses = (_patches(images[part]) - state["local.mean"]) @ state["local.filters"]
        found.append(np.concatenate([np.abs(responses).mean(1), responses.std(1)], axis=1))
    return np.concatenate(found)


def _moments(images: Levels) -> tuple[Real, Real]:
    """Return the mean and the covariance of all patches."""
    width, n = _filters(images.shape[-1]), 0
    total, products = np.zeros(width), np.zeros((width, width))
    for part in chunks(len(images), CHUNK):
        patches = _patches(images[part]).reshape(-1, width).astype(np.float64)
        total += patches.sum(0)
        products += patches.T @ patches
        n += len(patches)
    mean: Real = total / n
    covariance: Real = products / n - np.outer(mean, mean)
    return mean, covariance


def _patches(images: Levels) -> Float32:
    """Return the `(n, places, 9 C)` patches in [-1, 1] around at most 32 x 32 pixels of an image.

    Of a larger image these are one pixel of each block, at a position that moves from block to
    block, so that patterns with the period of the blocks count too.
    """
    if images.shape[-1] > MOST_CHANNELS:
        images = np.rint(images.mean(-1, keepdims=True)).astype(np.uint8)
    n, height, width, channels = images.shape
    block = block_of(height, width)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    down, along = _places(height, block), _places(width, block)
    views = [
        padded[:, down + dy][:, :, along + dx] for dy in range(SIDE) for dx in range(SIDE)
    ]  # fmt: skip
    patches = np.stack(views, axis=3).reshape(n, -1, SIDE * SIDE * channels).astype(np.float32)
    patches -= np.float32(127.5)
    patches /= np.float32(127.5)
    return patches


def _places(length: int, block: int) -> NDArray[np.int64]:
    """Return one pixel of each block of an axis: the first, then the second, and so on."""
    number = np.arange(-(-length // block))
    places: NDArray[np.int64] = np.minimum(number * block + number % block, length - 1)
    return places


def _filters(channels: int) -> int:
    return SIDE * SIDE * (channels if channels <= MOST_CHANNELS else 1)
