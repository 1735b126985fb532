"""Independent images of a run: a grid, an array, or a file for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gankit.cli.sampling.classes import arrangement
from gankit.cli.sampling.options import SampleOptions
from gankit.cli.sampling.still_files import write_still
from gankit.errors import ConfigError
from gankit.visual import images

IMAGES = 25


@dataclass(frozen=True)
class ImagesRequest:
    """A request for independent images."""

    options: SampleOptions

    def check(self) -> None:
        """Raise ConfigError for options of the other requests."""
        options = self.options
        if options.steps is not None:
            raise ConfigError("--steps needs --interpolate SEED,SEED or --code NAME=A..B")
        if options.animates:
            raise ConfigError(
                f"{options.out} is an animation; give --interpolate SEED,SEED, --code NAME=A..B or "
                "--training, or name a .png file"
            )

    def write(self) -> Iterator[str]:
        """Write the images, and yield messages about them."""
        from gankit.api import load

        options = self.options
        run = load(options.run, options.backend, best=options.best, device=options.device)
        labels, count, columns, rows = arrangement(options, run, options.count or IMAGES)
        if options.suffix in images.FORMATS:
            images.check_grid(count, run.problem.image_shape, columns, options.scale or 1)
        chunks = run.chunks(
            count, options.seed, labels,
            truncation=options.truncation, codes=options.fixed_codes or None,
        )  # fmt: skip
        yield from write_still(options, chunks, count, columns, rows)
