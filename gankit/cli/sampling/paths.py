"""Write the images of paths: a row for each path, or an animated grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gankit._text import counted
from gankit.cli.sampling.options import FPS, SampleOptions
from gankit.cli.sampling.still_files import write_still
from gankit.visual import animation, images

if TYPE_CHECKING:
    from gankit.contract import Array

STEPS, ANIMATED_STEPS = 8, 16
"""Images of a path, both ends included, in a picture and in an animation."""


def write_paths(options: SampleOptions, paths: Array, columns: int | None) -> Iterator[str]:
    """Write the images, and yield messages about them.

    Parameters
    ----------
    options
        The options of the command.
    paths
        `(n, k, steps, height, width, channels)`: n times k paths, one after the other.
    columns
        Columns of the grid of an animation; None for as square as possible.
    """
    if options.animates:
        frames = _frames(paths)
        yield _write_animation(options, frames, columns)
        still = frames.reshape(-1, *frames.shape[2:])
    else:
        columns = paths.shape[2]
        still = paths.reshape(-1, *paths.shape[3:])
    yield from write_still(options, iter([still]), len(still), columns)


def _write_animation(options: SampleOptions, frames: Array, columns: int | None) -> str:
    """Write an animation of the grid."""
    grids = (images.grid(frame, columns) for frame in frames)
    pictures = (images.enlarged(grid, options.scale or 1) for grid in grids)
    assert options.out is not None  # noqa: S101 - for mypy: an animation has a file.
    count = animation.write(options.out, pictures, fps=options.fps or FPS)
    return f"{counted(count, 'frame')}, {options.fps or FPS:g} per second"


def _frames(paths: Array) -> Array:
    """Return `(frames, n, height, width, channels)`; the shared end of two paths is one frame."""
    count = paths.shape[1]
    inner = [paths[:, i, : None if i == count - 1 else -1] for i in range(count)]
    return np.moveaxis(np.concatenate(inner, axis=1), 1, 0)
