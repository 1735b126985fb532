"""An animation of the sample grids that were saved during training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gankit._text import counted
from gankit.cli.sampling.options import FPS, SampleOptions, animated_formats
from gankit.errors import ConfigError
from gankit.runs import RunFolder
from gankit.visual import animation, images

MOST_FRAMES = 1000
"""The most frames of an animation."""
OWN_OPTIONS = {"run", "out", "scale", "fps", "frames", "training"}
"""Options that --training accepts."""
OPTION_NAMES = {"conditions": "--label", "count": "-n", "label": "--class"}
"""Options whose name is not that of their value."""


@dataclass(frozen=True)
class TrainingRequest:
    """A request for an animation of the training."""

    options: SampleOptions

    def check(self) -> None:
        """Raise ConfigError for options of the other requests, or a file of another kind."""
        options = self.options
        if others := options.given - OWN_OPTIONS:
            dashed = (OPTION_NAMES.get(name, f"--{name.replace('_', '-')}") for name in others)
            raise ConfigError(f"--training shows saved grids; remove {', '.join(sorted(dashed))}")
        if options.frames is not None and not 2 <= options.frames <= MOST_FRAMES:
            raise ConfigError(f"--frames: got {options.frames}; expected 2 to {MOST_FRAMES:,}")
        if not options.animates:
            raise ConfigError(
                f"--training needs an animation, got {options.out}; "
                f"name a {animated_formats()} file"
            )

    def write(self) -> Iterator[str]:
        """Write the animation, and yield a message about it."""
        options, scale = self.options, self.options.scale or 1
        most = options.frames or animation.MOST_PICTURES
        grids, available = animation.of_training(RunFolder.open(options.run).samples, most)
        frames = (
            animation.captioned(images.enlarged(grid, scale), f"step {step:,}", scale)
            for step, grid in grids
        )
        assert options.out is not None  # noqa: S101 - for mypy: `SampleOptions.of` set it.
        count = animation.write(options.out, frames, fps=options.fps or FPS)
        thinned = f" of {available}, evenly spaced" if count < available else ""
        yield f"{counted(count, 'grid')}{thinned}, {options.fps or FPS:g} per second"
