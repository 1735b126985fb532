"""The options of `gankit sample`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import click
from click.core import ParameterSource

from gankit._utils.paths import PRETRAINED
from gankit.cli.sampling.code_choice import CodeChoice, code_choice
from gankit.contract import latents
from gankit.errors import ConfigError
from gankit.runs import arrays
from gankit.visual import animation, images

FPS = 10.0


@dataclass(frozen=True)
class SampleOptions:
    """The options of `gankit sample`, and in `given` the names of those on the command line."""

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
    codes: tuple[CodeChoice, ...]
    conditions: tuple[CodeChoice, ...]
    interpolate: tuple[int, ...]
    steps: int | None
    training: bool
    frames: int | None
    fps: float | None
    given: frozenset[str]

    @classmethod
    def of(cls, ctx: click.Context) -> SampleOptions:
        """Return the options of a command, with the default of `out`; ConfigError for seeds."""
        source = ctx.get_parameter_source
        given = {name for name in ctx.params if source(name) is ParameterSource.COMMANDLINE}
        names = [field.name for field in fields(cls) if field.name != "given"]
        values = {name: ctx.params[name] for name in names}
        values["run"] = _run(values["run"], ctx.params["pretrained"])
        if values["out"] is None and (values["training"] or not values["each"]):
            values["out"] = Path("training.gif" if values["training"] else "samples.png")
        values["interpolate"] = _seeds(values["interpolate"])
        for name, option in (("codes", "--code"), ("conditions", "--label")):
            values[name] = tuple(code_choice(text, option) for text in values[name])
        return cls(**values, given=frozenset(given))

    @property
    def fixed_codes(self) -> dict[str, float]:
        """The codes with one value for all images, by name."""
        return {code.name: code.first for code in self.codes if code.last is None}

    @property
    def varied_code(self) -> CodeChoice | None:
        """The code or the condition that varies along a row."""
        both = (*self.codes, *self.conditions)
        return next((one for one in both if one.last is not None), None)

    @property
    def fixed_conditions(self) -> dict[str, float] | None:
        """The conditions with one value for all images, by name; None without any."""
        return {c.name: c.first for c in self.conditions if c.last is None} or None

    @property
    def animates(self) -> bool:
        """Whether `out` is an animation."""
        return self.out is not None and animation.animates(self.out)

    @property
    def suffix(self) -> str:
        """The ending of `out` in lower case; empty without `out`."""
        return self.out.suffix.lower() if self.out else ""

    def check(self) -> None:
        """Raise ConfigError for a number out of range, or a file that an option does not fit."""
        if self.count is not None and self.count < 1:
            raise ConfigError(f"-n: got {self.count}; expected at least 1")
        if self.scale is not None and self.scale < 1:
            raise ConfigError(f"--scale: got {self.scale}; expected at least 1")
        if self.frames is not None and not self.training:
            raise ConfigError("--frames needs --training; use --steps with --interpolate")
        for option, given in (("--code", self.codes), ("--label", self.conditions)):
            if len({one.name for one in given}) < len(given):
                raise ConfigError(f"{option}: got a name twice; expected each once")
        if sum(one.last is not None for one in (*self.codes, *self.conditions)) > 1:
            option = "--code" if self.codes else "--label"
            raise ConfigError(
                f"{option}: got two that vary; expected one A..B, the others one value"
            )
        if self.conditions and (self.by_class or self.label is not None):
            raise ConfigError(
                "--label is for labels that are vectors; remove --class and --by-class"
            )
        if self.codes and (self.interpolate or self.training):
            raise ConfigError("--code needs images of one seed; remove --interpolate or --training")
        if self.truncation is not None:
            latents.check_bound(self.truncation)
        if self.fps is not None:
            animation.check_fps(self.fps)
            if not self.animates:
                raise ConfigError(f"--fps needs an animation; name a {animated_formats()} file")
        if self.out is not None:
            animation.check_available(self.out)
        for name in ("columns", "scale"):
            if getattr(self, name) is not None and self.suffix in arrays.FORMATS:
                raise ConfigError(f"--{name} needs an image file; got {self.out}")
        if self.by_class and (self.label is not None or self.columns is not None):
            raise ConfigError("--by-class makes a row for each class; remove --class and --columns")
        still = self.suffix in (*images.FORMATS, *arrays.FORMATS)
        if self.out is not None and not self.animates and not still:
            raise ConfigError(
                f"--out: got {self.out}; expected a .png, .jpg, .npy, .npz, "
                f"{animated_formats()} file"
            )


def _run(run: Path | None, shipped: str | None) -> Path:
    """Return the run's folder, or the text that stands for a generator that gankit ships."""
    if run is None and shipped is None:
        raise ConfigError("RUN: got none; expected the folder of a run, or --pretrained NAME")
    if run is not None and shipped is not None:
        raise ConfigError(f"RUN: got {run} and --pretrained {shipped}; give one")
    return Path(f"{PRETRAINED}{shipped}") if run is None else run


def animated_formats() -> str:
    """Return the endings of animations as text."""
    *most, last = animation.FORMATS
    return f"{', '.join(most)} or {last}"


def _seeds(text: str | None) -> tuple[int, ...]:
    """Return the seeds in "1,2,3", or an empty tuple for None."""
    if text is None:
        return ()
    words = [word.strip() for word in text.split(",")]
    if len(words) < 2 or not all(word.isascii() and word.isdigit() for word in words):
        raise ConfigError(f"--interpolate: got {text!r}; expected at least two seeds, such as 1,2")
    return tuple(map(int, words))
