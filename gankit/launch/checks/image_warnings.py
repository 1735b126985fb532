"""Warnings of likely mistakes in the training images and their labels.

Each is one function, which returns a sentence with the remedy, or None.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.launch.checks.run_start import Start

FEW_IMAGES = 200
"""With fewer images, networks memorize them."""
AUGMENT = ", or augment them: --set augment.adaptive=true, or augment=Augment(adaptive=True)"
"""What helps against few images, for the command and for Python."""
DARK_LEVELS = 16
"""Of 256; images below this level are nearly black."""
CHUNK = 64
"""Images checked together."""
MOST_CHECKED = 512
"""Images that are checked, at most, evenly spaced."""
MOST_BYTES = 16 * 2**20
"""Bytes of these images, at most."""


def few_images(start: Start) -> str | None:
    """Warn of a data set so small that networks memorize it."""
    count, least = len(start.images), max(FEW_IMAGES, start.batch)
    if count >= least:
        return None
    found = "there is only 1 image" if count == 1 else f"there are only {count} images"
    return (
        f"{found}, and a batch has {start.batch}; networks memorize so few; give at least "
        f"{least}{'' if start.problem.augment else AUGMENT}"
    )


def constant_images(start: Start) -> str | None:
    """Warn of images that are all equal, or that have one value each."""
    checked = _checked(start.images)
    if len(checked) > 1 and all((part == checked[:1]).all() for part in _chunks(checked)):
        return f"{_all(start)} are the same; check how they were read"
    if all((part == part[:, :1, :1, :1]).all() for part in _chunks(checked)):
        return f"{_all(start)} have one value at all their pixels; check how they were read"
    return None


def unit_range(start: Start) -> str | None:
    """Warn of real images in [0, 1] instead of [-1, 1], and of uint8 images of 0 and 1."""
    checked = _checked(start.images)
    if checked.dtype == np.uint8:
        if all((part <= 1).all() for part in _chunks(checked)):
            return f"{_all(start)} hold uint8 of 0 and 1, so they look black; give images * 255"
        return None
    if all((part >= 0).all() for part in _chunks(checked)):
        return (
            f"{_all(start)} are in [0, 1], so black is mid-grey; expected [-1, 1]: give "
            "images * 2 - 1, or uint8"
        )
    return None


def dark_levels(start: Start) -> str | None:
    """Warn of uint8 images with only the lowest levels, such as 12-bit numbers cut to 8 bits."""
    checked = _checked(start.images)
    if checked.dtype != np.uint8:
        return None
    top = 0
    for part in _chunks(checked):
        if (top := max(top, int(part.max()))) >= DARK_LEVELS:
            return None
    if top < 2:  # `unit_range` reports levels of 0 and 1.
        return None
    return (
        f"{_all(start)} have levels of at most {top} of 255, so they are nearly black; give "
        f"images * {255 // top}, or read them again with all their bits"
    )


def classes_without_images(start: Start) -> str | None:
    """Warn of classes without images that a generator is trained on."""
    if start.labels is None or not start.problem.classes:
        return None
    counts = np.bincount(start.labels[start.labels >= 0], minlength=start.problem.classes)
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return None
    named = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
    return (
        f"classes without images, {len(empty)} of {len(counts)}: {named}; images generated for "
        "them mean nothing; renumber the classes"
    )


def _checked(images: NDArray[Any]) -> NDArray[Any]:
    """Return the images that are checked, evenly spaced, as a view.

    They are few, because a mapped file may be larger than the memory.
    """
    return images[:: max(1, -(-len(images) // MOST_CHECKED), -(-images.nbytes // MOST_BYTES))]


def _all(start: Start) -> str:
    """Return "all images", or the number of checked images."""
    checked = len(_checked(start.images))
    return "all images" if checked == len(start.images) else f"all {checked:,} checked images"


def _chunks(images: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the images in chunks: most checks end with the first."""
    return (images[i : i + CHUNK] for i in range(0, len(images), CHUNK))
