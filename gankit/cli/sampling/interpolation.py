"""Images on the paths between seeds: a row for each path, or an animated grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gankit._text import counted
from gankit.cli.sampling.classes import arrangement
from gankit.cli.sampling.images import IMAGES
from gankit.cli.sampling.options import FPS, SampleOptions
from gankit.cli.sampling.still_files import write_still
from gankit.cli.sampling.training import MOST_FRAMES
from gankit.errors import ConfigError
from gankit.visual import animation, images

if TYPE_CHECKING:
    from gankit.contract import Array

STEPS, ANIMATED_STEPS = 8, 16


@dataclass(frozen=True)
class InterpolationRequest:
    """A request for the images between two seeds or more."""

    options: SampleOptions

    @property
    def _steps(self) -> int:
        """Images from seed to seed, both ends included."""
        return self.options.steps or (ANIMATED_STEPS if self.options.animates else STEPS)

    def check(self) -> None:
        """Raise ConfigError for options of the other requests, or too many frames."""
        options = self.options
        if "seed" in options.given:
            raise ConfigError("--interpolate gives the seeds; remove --seed")
        if not options.animates and options.columns is not None:
            raise ConfigError("--interpolate makes rows of --steps images; remove --columns")
        frames = (self._steps - 1) * (len(options.interpolate) - 1) + 1
        if options.animates and frames > MOST_FRAMES:
            raise ConfigError(f"animation: got {frames:,} frames; expected at most {MOST_FRAMES:,}")

    def write(self) -> Iterator[str]:
        """Write the images, and yield messages about them."""
        from gankit.api import load

        options = self.options
        run = load(options.run, options.backend, best=options.best, device=options.device)
        number = options.count or (IMAGES if options.animates else 1)
        labels, count, columns, _ = arrangement(options, run, number)
        paths = run.interpolate(
            options.interpolate, self._steps, count, labels, truncation=options.truncation
        )
        if options.animates:
            frames = _frames(paths)
            yield self._write_animation(frames, columns)
            still = frames.reshape(-1, *frames.shape[2:])
        else:
            columns = self._steps
            still = paths.reshape(-1, *paths.shape[3:])
        yield from write_still(options, iter([still]), len(still), columns)

    def _write_animation(self, frames: Array, columns: int | None) -> str:
        """Write an animation of the grid, from seed to seed."""
        options = self.options
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
