"""Images on the paths between seeds: a row for each path, or an animated grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gankit.cli.sampling.classes import arrangement
from gankit.cli.sampling.images import IMAGES
from gankit.cli.sampling.options import SampleOptions
from gankit.cli.sampling.paths import ANIMATED_STEPS, STEPS, write_paths
from gankit.cli.sampling.training import MOST_FRAMES
from gankit.errors import ConfigError


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
        yield from write_paths(options, paths, columns)
