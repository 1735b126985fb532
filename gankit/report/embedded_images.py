"""Read PNG files and embed them in a page: verified, and limited in number and size."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gankit._utils.storage import read_plain
from gankit.errors import CheckpointError, GankitError
from gankit.runs.grids import by_step, spread

MOST_GRIDS = 60
"""The most sample grids of a run on a page."""
GRID_BYTES = 3_000_000
"""The most bytes of all grids of a run; base64 adds a third."""
MOST_IMAGE_BYTES = 4_000_000
"""The most bytes of one image."""
MOST_IMAGE_PIXELS = 64_000_000
"""The most pixels of one image, so that a small file cannot fill a browser's memory."""


@dataclass(frozen=True)
class EmbeddedImage:
    """A PNG file as a data URL.

    Attributes
    ----------
    step
        Steps done when it was drawn.
    uri
        `data:image/png;base64,...`
    width, height
        Pixels.
    """

    step: int
    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class EmbeddedImages:
    """The images of a folder that a page shows.

    Attributes
    ----------
    shown
        The images that fit on a page, by step.
    count
        Number of images in the folder.
    damage
        A line for each image that cannot be read.
    """

    shown: tuple[EmbeddedImage, ...]
    count: int
    damage: tuple[str, ...]


def embed_images(folder: Path, most: int = MOST_GRIDS, budget: int = GRID_BYTES) -> EmbeddedImages:
    """Read images of a folder, evenly spaced, with the first and the last.

    Parameters
    ----------
    folder
        A folder of PNG files named by their step.
    most
        The most images.
    budget
        The approximate total of their bytes; at least one image is read.
    """
    try:
        paths = by_step(folder)
        chosen = spread(paths, _affordable(paths, most, budget))
    except OSError as error:
        return EmbeddedImages((), 0, (f"cannot read {folder}: {str(error.strerror).lower()}",))
    shown, damage = [], []
    for path in chosen:
        try:
            shown.append(_embedded(path))
        except GankitError as error:
            damage.append(str(error))
    return EmbeddedImages(tuple(shown), len(paths), tuple(damage))


def _affordable(paths: Sequence[Path], most: int, budget: int) -> int:
    """Return how many of the images fit into the budget, at least 1."""
    total = sum(min(path.lstat().st_size, MOST_IMAGE_BYTES) for path in paths)
    mean = max(total / max(len(paths), 1), 1)
    return max(1, min(most, int(budget / mean)))


def _embedded(path: Path) -> EmbeddedImage:
    content = read_plain(path, MOST_IMAGE_BYTES)
    width, height = _size(path, content)
    text = base64.b64encode(content).decode("ascii")
    return EmbeddedImage(int(path.stem), f"data:image/png;base64,{text}", width, height)


def _size(path: Path, content: bytes) -> tuple[int, int]:
    """Return width and height of a complete PNG file; CheckpointError if it is not one."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            width, height = image.size
            if width * height > MOST_IMAGE_PIXELS:
                raise CheckpointError(f"{path} is too large for a page: {width} x {height} pixels")
            image.verify()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, GankitError):
            raise
        raise CheckpointError(f"{path} is not a complete PNG file") from None
    return width, height
