"""Check the options of `gankit sample`, and write the images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from click.core import ParameterSource

from gankit._text import counted
from gankit._utils.paths import require_parent
from gankit.contract import latents
from gankit.errors import ConfigError
from gankit.runs import RunFolder, arrays
from gankit.visual import animation, images

if TYPE_CHECKING:
    from gankit.contract import Array, Labels
    from gankit.launch.run import Run

IMAGES, STEPS, MOVING_STEPS, FPS = 25, 8, 16, 10.0
MOST_FRAMES = 1000
"""The most frames of an animation."""
TRAINING_OPTIONS = {"run", "out", "scale", "fps", "frames", "training"}
"""Options that --training accepts."""
OPTIONS = {"count": "-n", "label": "--class"}


@dataclass(frozen=True)
class SampleRequest:
    """The options of `gankit sample`, checked."""

    run: Path
    count: int | None
    seed: int
    truncation: float | None
    best: bool
    backend: str | None
    device: str | None
    out: Path | None
    each: Path | None
    columns: int | None
    scale: int | None
    label: str | None
    by_class: bool
    interpolate: tuple[int, ...]
    steps: int | None
    training: bool
    frames: int | None
    fps: float | None

    @classmethod
    def of(cls, ctx: click.Context) -> SampleRequest:
        """Return the options, checked before any work; raise ConfigError or CheckpointError."""
        source = ctx.get_parameter_source
        given = {name for name in ctx.params if source(name) is ParameterSource.COMMANDLINE}
        values = {field.name: ctx.params[field.name] for field in fields(cls)}
        training, each, out = values["training"], values["each"], values["out"]
        if out is None and (training or not each):
            values["out"] = Path("training.gif" if training else "samples.png")
        values["interpolate"] = _seeds(values["interpolate"])
        request = cls(**values)
        request._check(given)
        return request

    def write(self) -> Iterator[str]:
        """Write the images, and yield messages about them."""
        if self.training:
            yield self._write_training()
            return
        from gankit.api import load

        opened = load(self.run, self.backend, best=self.best, device=self.device)
        labels, count, columns = self._labels(opened)
        if not self.interpolate:
            if self._suffix in images.FORMATS:
                images.check_grid(count, opened.problem.image_shape, columns, self.scale or 1)
            made = opened.chunks(count, self.seed, labels, truncation=self.truncation)
            yield from self._write_still(made, count, columns, self._rows(opened))
            return
        paths = opened.interpolate(
            self.interpolate, self._steps, count, labels, truncation=self.truncation
        )
        if self._moves:
            yield self._write_moving(paths, columns)
            paths = _frames(paths)
        else:
            columns = self._steps
        still = paths.reshape(-1, *paths.shape[3:])
        yield from self._write_still(iter([still]), len(still), columns)

    @property
    def _moves(self) -> bool:
        return self.out is not None and animation.animates(self.out)

    @property
    def _suffix(self) -> str:
        return self.out.suffix.lower() if self.out else ""

    @property
    def _steps(self) -> int:
        return self.steps or (MOVING_STEPS if self._moves else STEPS)

    def _labels(self, run: Run) -> tuple[str | Labels | None, int, int | None]:
        """Return the classes, the number of images or paths, and the columns of a grid."""
        one_path = bool(self.interpolate) and not self._moves
        count = self.count or (1 if one_path else IMAGES)
        if self.by_class:
            labels = run.each_class(count)
            return labels, len(labels), count
        return self.label, count, self.columns

    def _rows(self, run: Run) -> tuple[str, ...]:
        """Return the class name of each row of the grid, if the classes have names."""
        from gankit.launch.run.class_labels import classes_of

        classes = classes_of(run)
        return classes.names if self.by_class and not classes.plain else ()

    def _write_still(
        self,
        chunks: Iterator[Array],
        count: int,
        columns: int | None,
        rows: tuple[str, ...] = (),
    ) -> Iterator[str]:
        """Write `count` images, which arrive in chunks, to all given paths."""
        if self.each:
            chunks = self._write_each(self.each, chunks, count)
        if self.out is None or self._moves:
            for _ in chunks:
                pass
        elif self._suffix in arrays.FORMATS:
            arrays.write(self.out, chunks, count)
        else:
            levels = np.concatenate([images.to_uint8(chunk) for chunk in chunks])
            picture = images.enlarged(images.grid(levels, columns), self.scale)
            images.write(self.out, images.with_names(picture, rows) if rows else picture)
        if self.each:
            yield f"{counted(count, 'image')} in {self.each}"

    def _write_each(self, folder: Path, chunks: Iterator[Array], count: int) -> Iterator[Array]:
        """Yield the chunks, after writing each image to its own file."""
        start = 0
        for chunk in chunks:
            images.write_each(folder, self._large(chunk), start, count)
            start += len(chunk)
            yield chunk

    def _write_moving(self, made: Array, columns: int | None) -> str:
        """Write an animation of the grid, from seed to seed."""
        grids = (images.grid(frame, columns) for frame in _frames(made))
        frames = (images.enlarged(grid, self.scale or 1) for grid in grids)
        assert self.out is not None  # noqa: S101 - for mypy: an animation has a file.
        count = animation.write(self.out, frames, fps=self.fps or FPS)
        return f"{counted(count, 'frame')}, {self.fps or FPS:g} per second"

    def _write_training(self) -> str:
        """Write an animation of the run's sample grids."""
        scale = self.scale or 1
        most = self.frames or animation.MOST_PICTURES
        grids, there = animation.of_training(RunFolder.open(self.run).samples, most)
        frames = (
            animation.captioned(images.enlarged(grid, scale), f"step {step:,}", scale)
            for step, grid in grids
        )
        assert self.out is not None  # noqa: S101 - for mypy: `of` set it.
        count = animation.write(self.out, frames, fps=self.fps or FPS)
        thinned = f" of {there}, evenly spaced" if count < there else ""
        return f"{counted(count, 'grid')}{thinned}, {self.fps or FPS:g} per second"

    def _large(self, made: Array) -> Array:
        scale = self.scale or 1
        return np.repeat(np.repeat(made, scale, axis=1), scale, axis=2)

    def _check(self, given: set[str]) -> None:
        if self.training and (others := given - TRAINING_OPTIONS):
            names = ", ".join(sorted(OPTIONS.get(n, f"--{n.replace('_', '-')}") for n in others))
            raise ConfigError(f"--training shows saved grids; remove {names}")
        if self.count is not None and self.count < 1:
            raise ConfigError(f"-n: got {self.count}; expected at least 1")
        if self.scale is not None and self.scale < 1:
            raise ConfigError(f"--scale: got {self.scale}; expected at least 1")
        if self.frames is not None and not self.training:
            raise ConfigError("--frames needs --training; use --steps with --interpolate")
        if self.frames is not None and not 2 <= self.frames <= MOST_FRAMES:
            raise ConfigError(f"--frames: got {self.frames}; expected 2 to {MOST_FRAMES:,}")
        if self.truncation is not None:
            latents.check_bound(self.truncation)
        self._check_layout()
        self._check_interpolation(given)
        RunFolder.open(self.run)
        self._check_out()

    def _check_layout(self) -> None:
        if self.columns is not None and self._suffix in arrays.FORMATS:
            raise ConfigError(f"--columns needs an image file; got {self.out}")
        if self.scale is not None and self._suffix in arrays.FORMATS:
            raise ConfigError(f"--scale needs an image file; got {self.out}")
        if self.by_class and (self.label is not None or self.columns is not None):
            raise ConfigError("--by-class makes a row for each class; remove --class and --columns")

    def _check_interpolation(self, given: set[str]) -> None:
        """Refuse options that conflict with --interpolate, or need it."""
        if self.steps is not None and not self.interpolate:
            raise ConfigError("--steps needs --interpolate SEED,SEED")
        if self.interpolate and "seed" in given:
            raise ConfigError("--interpolate gives the seeds; remove --seed")
        if self.interpolate and not self._moves and self.columns is not None:
            raise ConfigError("--interpolate makes rows of --steps images; remove --columns")
        if self._moves and not (self.interpolate or self.training):
            raise ConfigError(
                f"{self.out} is an animation; give --interpolate SEED,SEED or --training, "
                "or name a .png file"
            )
        if self.fps is not None:
            animation.check_fps(self.fps)
            if not self._moves:
                raise ConfigError(f"--fps needs an animation; name a {_animated()} file")
        frames = (self._steps - 1) * (len(self.interpolate) - 1) + 1
        if self._moves and frames > MOST_FRAMES:
            raise ConfigError(f"animation: got {frames:,} frames; expected at most {MOST_FRAMES:,}")

    def _check_out(self) -> None:
        if self.out is None:
            return
        if self.training and not self._moves:
            raise ConfigError(
                f"--training needs an animation, got {self.out}; name a {_animated()} file"
            )
        if not self._moves and self._suffix not in (*images.FORMATS, *arrays.FORMATS):
            raise ConfigError(
                f"--out: got {self.out}; expected a .png, .jpg, .npy, .npz, {_animated()} file"
            )
        require_parent(self.out)


def _seeds(text: str | None) -> tuple[int, ...]:
    """Return the seeds in "1,2,3", or an empty tuple for None."""
    if text is None:
        return ()
    words = [word.strip() for word in text.split(",")]
    if len(words) < 2 or not all(word.isascii() and word.isdigit() for word in words):
        raise ConfigError(f"--interpolate: got {text!r}; expected at least two seeds, such as 1,2")
    return tuple(map(int, words))


def _frames(made: Array) -> Array:
    """Return `(frames, n, height, width, channels)`; the shared end of two paths is one frame."""
    paths = made.shape[1]
    inner = [made[:, i, : None if i == paths - 1 else -1] for i in range(paths)]
    return np.moveaxis(np.concatenate(inner, axis=1), 1, 0)


def _animated() -> str:
    *most, last = animation.FORMATS
    return f"{', '.join(most)} or {last}"
