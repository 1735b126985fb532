"""Read PNG files for a page: verified, bounded in size, and few enough to be read."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gankit._utils.storage import read_plain
from gankit.errors import CheckpointError, GankitError
from gankit.runs.grids import by_step, spread

MOST = 60
"""Grids of a run that a page shows."""
BUDGET = 3_000_000
"""Bytes of all grids of a run together; base64 adds a third to them."""
LARGEST = 4_000_000
"""Bytes of one picture."""
PIXELS = 64_000_000
"""Pixels of one picture, so that a small file cannot fill a browser's memory."""


@dataclass(frozen=True)
class Picture:
    """A picture and the steps done when it was drawn.

    Attributes
    ----------
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
class Pictures:
    """The pictures of a folder.

    Attributes
    ----------
    shown
        Those that a page has room for, by step.
    count
        How many lie in the folder.
    damage
        Why others could not be shown, a line each.
    """

    shown: tuple[Picture, ...]
    count: int
    damage: tuple[str, ...]


def pictures_of(folder: Path, most: int = MOST, budget: int = BUDGET) -> Pictures:
    """Read the pictures of a folder, spread evenly, the first and the last among them.

    There are at most `most`, of about `budget` bytes together, but one at least.
    """
    try:
        paths = by_step(folder)
        chosen = spread(paths, _affordable(paths, most, budget))
    except OSError as error:
        return Pictures((), 0, (f"cannot look into {folder}: {str(error.strerror).lower()}",))
    shown, damage = [], []
    for path in chosen:
        try:
            shown.append(_picture(path))
        except GankitError as error:
            damage.append(str(error))
    return Pictures(tuple(shown), len(paths), tuple(damage))


def _affordable(paths: Sequence[Path], most: int, budget: int) -> int:
    """Return how many of the pictures fit into the budget, at least one."""
    total = sum(min(path.lstat().st_size, LARGEST) for path in paths)
    mean = max(total / max(len(paths), 1), 1)
    return max(1, min(most, int(budget / mean)))


def _picture(path: Path) -> Picture:
    content = read_plain(path, LARGEST)
    width, height = _size(path, content)
    text = base64.b64encode(content).decode("ascii")
    return Picture(int(path.stem), f"data:image/png;base64,{text}", width, height)


def _size(path: Path, content: bytes) -> tuple[int, int]:
    """Return width and height of a complete PNG file."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            width, height = image.size
            if width * height > PIXELS:
                raise CheckpointError(f"{path} has {width} x {height} pixels; too many for a page")
            image.verify()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, GankitError):
            raise
        raise CheckpointError(f"{path} is not a complete PNG file") from None
    return width, height
