"""Glyphs: generated digits that look handwritten, without a download."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gankit.data.dataset import Dataset, ImageSet
from gankit.data.glyphs import image_cache
from gankit.data.glyphs.drawing import BATCH, COUNT, HELD_OUT, draw
from gankit.data.glyphs.handwriting import SIDE

__all__ = ["BATCH", "COUNT", "DATASET", "HELD_OUT", "draw", "held_out", "load"]


@cache
def _drawn(count: int, seed: int) -> ImageSet:
    found = image_cache.read(count, seed)
    if found is None:
        found = draw(count, seed)
        image_cache.write(count, seed, *found)
    return ImageSet(*found, f"glyphs, {count:,} drawn by gankit with seed {seed}")


def load(_: Path | None) -> ImageSet:
    """Return the 60,000 glyphs of seed 0, cached in the process and in a file.

    The argument is ignored. The file is in gankit's cache, and is verified when it is read.
    """
    return _drawn(COUNT, 0)


def held_out(_: Path | None) -> ImageSet:
    """Return 10,000 other glyphs, those of seed 1, cached as those of `load`."""
    return _drawn(HELD_OUT, 1)


DATASET = Dataset(
    name="glyphs",
    summary="generated digits that look handwritten, 28x28, 60,000 images, no download",
    load=load,
    test=held_out,
    shape=(SIDE, SIDE, 1),
)
